import { defineConfig } from 'oxlint';
import { importOverrides } from './scripts/lint/imports.ts';

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  env: { node: true, es2024: true },
  ignorePatterns: ['**/dist/**', '**/node_modules/**'],
  rules: {
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-var': 'error',
    'prefer-const': 'error',
    'no-else-return': 'error',
    'no-param-reassign': 'error',
    'max-lines': ['error', { max: 300 }],
    'max-lines-per-function': ['error', { max: 45, skipBlankLines: true, skipComments: true }],
    'max-depth': ['error', 4],
    'max-params': ['error', 5],
    complexity: ['error', 15],

    'typescript/consistent-type-imports': 'error',
    'typescript/no-deprecated': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': ['error', { ignoreVoid: true }],
    'typescript/no-import-type-side-effects': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-namespace': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-require-imports': 'error',
    'typescript/no-unnecessary-condition': 'error',
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-function-type': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/prefer-nullish-coalescing': 'error',
    'typescript/prefer-optional-chain': 'error',
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/prefer-readonly': 'error',
    'typescript/restrict-plus-operands': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/use-unknown-in-catch-callback-variable': 'error',

    // Type imports count: two files that know each other's types are one thing in two places.
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-default-export': 'error',
    'import/no-mutable-exports': 'error',
    'import/no-self-import': 'error',

    // Branding an id and narrowing what a schema has checked are assertions by design.
    'typescript/no-unsafe-type-assertion': 'off',
    // The compiler's noImplicitReturns says it without false alarms.
    'typescript/consistent-return': 'off',
    // Iterating over a copy is how a loop survives that its body changes the original.
    'unicorn/no-useless-spread': 'off',
    'unicorn/no-array-sort': 'off',
    // A helper may stand beside the only code that uses it.
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/prefer-add-event-listener': 'off',
    'import/no-named-as-default-member': 'off',
    // mediasoup's enumerations end in an underscore.
    'no-underscore-dangle': 'off',
    // A loop may wait for what a callback changes.
    'no-unmodified-loop-condition': 'off',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    // Objects that register themselves, such as metrics, are made for that.
    'no-new': 'off',
    'promise/always-return': 'off',
  },
  overrides: [
    ...importOverrides,
    // Time comes in as a Clock, so that a test can turn it.
    {
      files: ['apps/*/src/**', 'packages/*/src/**'],
      rules: {
        'no-restricted-properties': ['error', { object: 'Date', property: 'now', message: 'Take a Clock.' }],
      },
    },
    { files: ['packages/shared/src/base/clock.ts'], rules: { 'no-restricted-properties': 'off' } },
    // Tests look into what they test, and what a page returns has no type; benchmarks compare with the bare libraries.
    {
      files: ['tests/**', 'packages/*/testing/**', '**/*.test.ts'],
      rules: {
        'no-restricted-imports': 'off',
        'no-restricted-properties': 'off',
        'max-lines-per-function': 'off',
        // A test's helpers may know each other's types.
        'import/no-cycle': 'error',
        'typescript/no-non-null-assertion': 'off',
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
        // A set-up that failed leaves its variables unset, whatever their types say.
        'typescript/no-unnecessary-condition': 'off',
        'typescript/no-base-to-string': 'off',
        'typescript/require-array-sort-compare': 'off',
        'typescript/use-unknown-in-catch-callback-variable': 'off',
        'promise/no-callback-in-promise': 'off',
        'vitest/expect-expect': 'off',
        'vitest/no-conditional-expect': 'off',
        'vitest/require-to-throw-message': 'off',
        'vitest/valid-title': 'off',
        'typescript/unbound-method': 'off',
        'vitest/valid-expect': ['error', { maxArgs: 2 }],
      },
    },
    // Plain JavaScript has no types to be safe by, and the set-up's runs on Nodes of another age.
    {
      files: ['**/*.mjs'],
      rules: {
        'typescript/no-unnecessary-condition': 'off',
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
        'typescript/prefer-nullish-coalescing': 'off',
        'typescript/prefer-optional-chain': 'off',
        'typescript/use-unknown-in-catch-callback-variable': 'off',
      },
    },
    // The tools ask for default exports.
    { files: ['*.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
});
