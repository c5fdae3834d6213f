# Answers what Python's argparse makes of command lines: one JSON list in, one JSON list out.
import argparse, contextlib, io, json, os, sys

os.environ["COLUMNS"] = "82"
request = json.load(sys.stdin)


def make_parser():
    parser = argparse.ArgumentParser(
        prog="tool",
        description="Count things",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n    ./tool -p 181    # one process",
    )
    parser.add_argument("-p", "--pid", type=int, help="trace this process only")
    parser.add_argument("-T", "--timestamp", action="store_true", help="include a timestamp on output")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-4", "--ipv4", action="store_true", help="IPv4 only")
    group.add_argument("-6", "--ipv6", action="store_true", help="IPv6 only")
    parser.add_argument("-m", "--mode", choices=["fast", "slow"], help="how it counts")
    parser.add_argument("-x", "--exclude", action="append", help="leave these out, a name that may be given more than once")
    parser.add_argument("--threshold", type=float, default=0.5, help="seconds, %(default)s by default")
    parser.add_argument("interval", nargs="?", type=int, default=99999999, help="output interval, in seconds")
    parser.add_argument("count", nargs="?", type=int, help="number of outputs")
    return parser


answers = []
for line in request:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            answers.append({"values": vars(make_parser().parse_args(line))})
        except SystemExit as end:
            answers.append({"text": out.getvalue() + err.getvalue(), "status": end.code})
json.dump(answers, sys.stdout)
