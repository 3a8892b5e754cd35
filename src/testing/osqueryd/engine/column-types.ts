import type { ColumnType } from './route.ts';
import { type Row, valueText } from './row.ts';

/** The register that an instruction writes, and the type that core concludes from it. */
const INSTRUCTIONS: ReadonlyMap<string, readonly ['p2' | 'p3', ColumnType]> = new Map([
  ...writers('p3', 'TEXT', ['Concat']),
  ...writers('p2', 'TEXT', ['String', 'String8']),
  ...writers('p2', 'BIGINT', ['Int64']),
  ...writers('p3', 'BIGINT', ['AggStep', 'AggStep0', 'BitAnd', 'BitOr', 'ShiftLeft', 'ShiftRight']),
  ...writers('p3', 'BIGINT', ['Add', 'Subtract', 'Multiply', 'Divide', 'Remainder']),
  ...writers('p3', 'INTEGER', ['Or', 'And']),
  ...writers('p2', 'INTEGER', ['Integer', 'Not', 'IsNull', 'NotNull', 'Ne', 'Eq', 'Gt', 'Le', 'Lt', 'Ge']),
]);

/**
 * Types of result columns from the program that `EXPLAIN` shows, the way core guesses those of expressions.
 * @returns undefined when a row is not one of a program: there is a second statement, and core stumbles over it.
 */
export function inferTypes(
  program: readonly Row[],
  declared: readonly ColumnType[],
): ColumnType[] | undefined {
  const types = [...declared];
  const registers = new Map<number, ColumnType>();
  for (const row of program) {
    const opcode = row.get('opcode');
    if (typeof opcode !== 'string') return undefined;
    const operand = (name: 'p1' | 'p2' | 'p3') => Number(valueText(row.get(name) ?? ''));
    if (opcode === 'ResultRow') {
      for (const [register, type] of registers) {
        const column = register - operand('p1');
        if (column >= 0 && column < types.length) types[column] = type;
      }
    } else if (opcode === 'Copy') {
      for (let i = 0; i <= operand('p3'); i++) {
        const type = registers.get(operand('p1') + i);
        if (type !== undefined) registers.set(operand('p2') + i, type);
      }
    } else {
      const known = INSTRUCTIONS.get(opcode);
      if (known !== undefined) registers.set(operand(known[0]), known[1]);
    }
  }
  return types;
}

function writers(register: 'p2' | 'p3', type: ColumnType, opcodes: readonly string[]) {
  return opcodes.map((opcode): [string, readonly ['p2' | 'p3', ColumnType]] => [opcode, [register, type]]);
}
