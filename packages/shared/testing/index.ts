// What tests and benchmarks of every part use. The contract suites (bus-contract, directory-contract) are not here: they
// import vitest, and this door must open without it.
export * from './eventually.ts';
export * from './faulty-bus.ts';
export * from './manual-clock.ts';
export * from './records.ts';
export * from './seeded.ts';
