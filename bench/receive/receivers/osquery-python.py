# A logger plugin on osquery-python that does nothing: python3 osquery-python.py --socket <manager path>
import osquery


@osquery.register_plugin
class BenchLogger(osquery.LoggerPlugin):
    def name(self):
        return "bench"

    def log_string(self, value):
        return osquery.extensions.ttypes.ExtensionStatus(code=0, message="OK")


if __name__ == "__main__":
    osquery.start_extension(name="bench_python", version="1.0.0")
