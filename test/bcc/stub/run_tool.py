"""Runs one BCC tool against the stub: run_tool.py TOOL [ARGS…]

Whatever a tool waits in ends the capture, as does a module that is not installed here: it is replaced by a mock.
"""

import builtins
import importlib.abc
import importlib.machinery
import io
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import traceback
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from bcc import kernel, recorder

_mocked = ("cachetools", "curses", "dnslib", "elftools", "systemd")
_installed_data = "/usr/share/bpfcc-tools/"


class _MockFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in _mocked:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name)
        module.__path__ = []
        module.__spec__ = spec
        module.wrapper = lambda function, *args: function(mock.MagicMock(), *args)
        return module

    def exec_module(self, module):
        pass


def _open_redirected(path, *args, _open=open, **named):
    """Adds the assumed symbols to kallsyms, and finds the data files of a package that is unpacked, not installed."""
    if path == "/proc/kallsyms" and sys._getframe(1).f_globals.get("__name__") == "__main__":
        return io.StringIO(kernel.kallsyms_text())
    if isinstance(path, str) and path.startswith(_installed_data):
        path = os.path.join(os.environ.get("BPFTS_BCC_DATA", ""), path[len(_installed_data):])
    return _open(path, *args, **named)


def _check_output_as_assumed(command, *args, _run=subprocess.check_output, **named):
    """Answers kvmexit's look at the CPU vendor."""
    if "vendor_id" in command:
        for word in os.environ.get("BPFTS_BCC_ASSUME", "").split():
            if word.startswith("cpu:"):
                recorder.write_once("assumed", symbol=word)
                return word.encode()
    return _run(command, *args, **named)


def main():
    tool = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.meta_path.insert(0, _MockFinder())
    time.sleep = lambda seconds: recorder.finish_when_loaded("sleep")
    signal.pause = lambda: recorder.finish_when_loaded("pause")
    subprocess.check_output = _check_output_as_assumed
    builtins.open = _open_redirected
    threading.Event.wait = lambda self, timeout=None: recorder.finish_when_loaded("wait")
    os.chdir(os.path.dirname(os.path.abspath(tool)))
    try:
        runpy.run_path(tool, run_name="__main__")
        recorder.finish("the end of the script")
    except SystemExit as reason:
        recorder.finish("exit(%s)" % reason.code)
    except BaseException as error:
        recorder.write("error", message="%s: %s" % (type(error).__name__, error), trace=traceback.format_exc())
        recorder.finish("an exception")


main()
