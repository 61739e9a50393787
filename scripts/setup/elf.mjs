// As much of the ELF format (64 bits, little endian) as it takes to bind an imported function to an older name.

const SECTION = { dynamicSymbols: 11, versionNeeds: 0x6ffffffe, symbolVersions: 0x6fffffff };
const SYMBOL_SIZE = 24;
const HIDDEN_BIT = 0x8000;
const WEAK = 0x2;
const PREFIX = '__isoc23_';

function sections(elf) {
  const table = Number(elf.readBigUInt64LE(0x28));
  const size = elf.readUInt16LE(0x3a);
  return Array.from({ length: elf.readUInt16LE(0x3c) }, (_, index) => {
    const at = table + index * size;
    return {
      type: elf.readUInt32LE(at + 4),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
      link: elf.readUInt32LE(at + 40),
      entries: elf.readUInt32LE(at + 44),
    };
  });
}

/** The versions that the file asks of the C library: name, number in the symbol table, offset of the record. */
function libcVersions(elf, needs, nameAt) {
  const found = [];
  let need = needs.offset;
  for (let file = 0; file < needs.entries; file++) {
    let aux = need + elf.readUInt32LE(need + 8);
    const isLibc = nameAt(elf.readUInt32LE(need + 4)).startsWith('libc.so');
    for (let count = elf.readUInt16LE(need + 2); count > 0; count--) {
      if (isLibc) found.push({ name: nameAt(elf.readUInt32LE(aux + 8)), number: elf.readUInt16LE(aux + 6), at: aux });
      aux += elf.readUInt32LE(aux + 12);
    }
    need += elf.readUInt32LE(need + 12);
  }
  return found;
}

/**
 * Returns a copy of `original` whose imports of version `newer`, all of the kind `__isoc23_strtol`, are bound to
 * their classic namesakes of version `classic`, and whose need of `newer` is weak, so that the loader doesn't insist.
 */
export function bindToClassicNames(original, newer, classic) {
  const elf = Buffer.from(original);
  const all = sections(elf);
  const [symbols, versions, needs] = ['dynamicSymbols', 'symbolVersions', 'versionNeeds'].map((name) =>
    all.find(({ type }) => type === SECTION[name]),
  );
  const strings = all[symbols.link].offset;
  const nameAt = (offset) => elf.toString('latin1', strings + offset, elf.indexOf(0, strings + offset));
  const known = libcVersions(elf, needs, nameAt);
  const from = known.find(({ name }) => name === newer);
  const to = known.find(({ name }) => name === classic);

  for (let index = 0; index < symbols.size / SYMBOL_SIZE; index++) {
    const version = versions.offset + index * 2;
    if ((elf.readUInt16LE(version) & ~HIDDEN_BIT) !== from.number) continue;
    const symbol = symbols.offset + index * SYMBOL_SIZE;
    const name = elf.readUInt32LE(symbol);
    if (!nameAt(name).startsWith(PREFIX)) throw new Error(`${nameAt(name)} has no classic namesake`);
    // The shorter name is the tail of the longer one, so the string table has it already.
    elf.writeUInt32LE(name + PREFIX.length, symbol);
    elf.writeUInt16LE(to.number, version);
  }
  elf.writeUInt16LE(elf.readUInt16LE(from.at + 4) | WEAK, from.at + 4);
  return elf;
}
