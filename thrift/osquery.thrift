// osquery's extension protocol, written from its wire form: every field has default requiredness, core writes all of
// them and takes absent ones as empty. Values of plugin maps are `binary` (the same bytes on the wire as `string`),
// since rows and log lines may hold bytes that are not UTF-8. The generator turns every map into a JavaScript `Map`,
// so that the order of the wire is kept, also for keys that look like integers.
namespace js osquery

typedef map<string, binary> ExtensionPluginRequest
typedef list<map<string, binary>> ExtensionPluginResponse
typedef i64 ExtensionRouteUUID
typedef map<string, ExtensionPluginResponse> ExtensionRouteTable
typedef map<string, ExtensionRouteTable> ExtensionRegistry

struct InternalOptionInfo {
  1: string value
  2: string default_value
  3: string type
}
typedef map<string, InternalOptionInfo> InternalOptionList

struct InternalExtensionInfo {
  1: string name
  2: string version
  3: string sdk_version
  4: string min_sdk_version
}
typedef map<ExtensionRouteUUID, InternalExtensionInfo> InternalExtensionList

enum ExtensionCode {
  EXT_SUCCESS = 0
  EXT_FAILED = 1
  EXT_FATAL = 2
}

struct ExtensionStatus {
  1: i32 code
  2: string message
  3: ExtensionRouteUUID uuid
}

struct ExtensionResponse {
  1: ExtensionStatus status
  2: ExtensionPluginResponse response
}

// Declared by osquery, used by none of its methods.
exception ExtensionException {
  1: i32 code
  2: string message
  3: ExtensionRouteUUID uuid
}

service Extension {
  ExtensionStatus ping()
  ExtensionResponse call(1: string registry, 2: string item, 3: ExtensionPluginRequest request)
  void shutdown()
}

service ExtensionManager extends Extension {
  InternalExtensionList extensions()
  InternalOptionList options()
  ExtensionStatus registerExtension(1: InternalExtensionInfo info, 2: ExtensionRegistry registry)
  ExtensionStatus deregisterExtension(1: ExtensionRouteUUID uuid)
  ExtensionResponse query(1: string sql)
  ExtensionResponse getQueryColumns(1: string sql)
}
