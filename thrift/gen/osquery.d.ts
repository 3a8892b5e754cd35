// Generated from thrift/osquery.thrift by thrift/generate.mjs. Do not edit.
import type { ThriftInput, ThriftOutput } from '../protocol.d.ts';

export const ExtensionCode: { readonly EXT_SUCCESS: 0; readonly EXT_FAILED: 1; readonly EXT_FATAL: 2 };
export class InternalOptionInfo {
  constructor(args?: { value?: string; default_value?: string; type?: string });
  value: string | null;
  default_value: string | null;
  type: string | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class InternalExtensionInfo {
  constructor(args?: { name?: string; version?: string; sdk_version?: string; min_sdk_version?: string });
  name: string | null;
  version: string | null;
  sdk_version: string | null;
  min_sdk_version: string | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionStatus {
  constructor(args?: { code?: number; message?: string; uuid?: number });
  code: number | null;
  message: string | null;
  uuid: number | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionResponse {
  constructor(args?: { status?: ExtensionStatus; response?: Map<string, Uint8Array>[] });
  status: ExtensionStatus | null;
  response: Map<string, Uint8Array>[] | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionException extends Error {
  constructor(args?: { code?: number; message?: string; uuid?: number });
  code: number | null;
  message: string | null;
  uuid: number | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class Extension_ping_args {
  constructor();
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class Extension_ping_result {
  constructor(args?: { success?: ExtensionStatus });
  success: ExtensionStatus | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class Extension_call_args {
  constructor(args?: { registry?: string; item?: string; request?: Map<string, Uint8Array> });
  registry: string | null;
  item: string | null;
  request: Map<string, Uint8Array> | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class Extension_call_result {
  constructor(args?: { success?: ExtensionResponse });
  success: ExtensionResponse | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class Extension_shutdown_args {
  constructor();
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class Extension_shutdown_result {
  constructor();
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_extensions_args {
  constructor();
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_extensions_result {
  constructor(args?: { success?: Map<number, InternalExtensionInfo> });
  success: Map<number, InternalExtensionInfo> | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_options_args {
  constructor();
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_options_result {
  constructor(args?: { success?: Map<string, InternalOptionInfo> });
  success: Map<string, InternalOptionInfo> | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_registerExtension_args {
  constructor(args?: { info?: InternalExtensionInfo; registry?: Map<string, Map<string, Map<string, Uint8Array>[]>> });
  info: InternalExtensionInfo | null;
  registry: Map<string, Map<string, Map<string, Uint8Array>[]>> | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_registerExtension_result {
  constructor(args?: { success?: ExtensionStatus });
  success: ExtensionStatus | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_deregisterExtension_args {
  constructor(args?: { uuid?: number });
  uuid: number | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_deregisterExtension_result {
  constructor(args?: { success?: ExtensionStatus });
  success: ExtensionStatus | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_query_args {
  constructor(args?: { sql?: string });
  sql: string | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_query_result {
  constructor(args?: { success?: ExtensionResponse });
  success: ExtensionResponse | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_getQueryColumns_args {
  constructor(args?: { sql?: string });
  sql: string | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
export class ExtensionManager_getQueryColumns_result {
  constructor(args?: { success?: ExtensionResponse });
  success: ExtensionResponse | null;
  read(input: ThriftInput): void;
  write(output: ThriftOutput): void;
}
