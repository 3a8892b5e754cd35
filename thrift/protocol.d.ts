// What the generated code asks of a protocol: the part of the `thrift` package's TProtocol that it uses.

export interface ThriftInput {
  readStructBegin(): void;
  readStructEnd(): void;
  readFieldBegin(): { ftype: number; fid: number };
  readFieldEnd(): void;
  readMapBegin(): { size: number };
  readMapEnd(): void;
  readListBegin(): { size: number };
  readListEnd(): void;
  readI32(): number;
  readI64(): number;
  readString(): string;
  readBinary(): Uint8Array;
  skip(type: number): void;
}

export interface ThriftOutput {
  writeStructBegin(name: string): void;
  writeStructEnd(): void;
  writeFieldBegin(name: string, type: number, id: number): void;
  writeFieldEnd(): void;
  writeFieldStop(): void;
  writeMapBegin(keyType: number, valueType: number, size: number): void;
  writeMapEnd(): void;
  writeListBegin(elementType: number, size: number): void;
  writeListEnd(): void;
  writeI32(value: number): void;
  writeI64(value: number): void;
  writeString(value: string): void;
  writeBinary(value: Uint8Array): void;
}
