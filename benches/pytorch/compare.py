"""Runs every work of `benches/works` by neartop and by PyTorch in turn, on all cores, and writes the tables of
`docs/performance.md`: seconds, and the most memory that neartop holds with one job and with two.

    cargo build --release
    python benches/pytorch/compare.py target/release/neartop [--runs 3] [--works mlp-small,vit] [--write]

Both leave out imports and data. "NEAR alone" is neartop without the verdict, which is the work that the PyTorch program does.
Only ratios of one call mean anything, on a machine that does nothing else. It needs torch and numpy.
"""
import argparse, json, os, pathlib, re, statistics, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).parent
WORKS = HERE.parent / "works"
DOCS = HERE.parent.parent / "docs" / "performance.md"
GRIDS = {
    "mlp-small": "small perceptron, 130 candidates, 8 repetitions",
    "mlp-wide": "wide perceptron, 130 candidates, 2 repetitions",
    "cnn": "convolutions, 130 candidates, 2 repetitions",
}
MODELS = {
    "resnet18": "ResNet-18 on 32 images of 32 x 32, 16 candidates",
    "vit": "ViT of width 192 on 12 images, 16 candidates",
    "gpt": "GPT of width 256 on 16 texts, 16 candidates",
    "lstm": "two LSTM layers of 256 on 256 texts, 16 candidates",
}
# Works whose memory alone is looked at.
LARGE = {"resnet50": "ResNet-50 on images of 224 x 224, 2 candidates"}


def alone(preset):
    """The preset without the verdict."""
    changed, count = re.subn(r"^score:\n", "score:\n  trainability: false\n", preset, flags=re.M)
    assert count == 1, "a work has one section `score`, line by line"
    return changed


def run(program, preset, *options):
    """What neartop writes, and the most KiB that it held."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(preset)
        file.flush()
        command = [program, "rank", file.name, "--no-study", "--format", "json", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        written = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, command
        return json.loads(written), usage.ru_maxrss


def neartop(program, preset):
    """After a run that does not count, as PyTorch's program has one."""
    run(program, preset)
    return run(program, preset)[0]["elapsed_seconds"]


def memory(program, work):
    """A line of the table: MiB with one job and with two."""
    preset = (WORKS / f"{work}.yaml").read_text()
    peaks = [run(program, preset, "--jobs", str(jobs))[1] / 1024 for jobs in (1, 2)]
    print(work, *(f"{peak:.0f} MiB" for peak in peaks), file=sys.stderr)
    return f"| {(GRIDS | MODELS | LARGE)[work]} | " + " | ".join(f"{peak:,.0f}" for peak in peaks) + " |"


def write(name, table):
    """Puts a table in the place of the one of this name in the page."""
    text = DOCS.read_text()
    marks = rf"(<!-- {name} -->\n).*?(\n<!-- end -->)"
    changed, count = re.subn(marks, lambda m: m[1] + table + m[2], text, flags=re.S)
    assert count == 1, f"docs/performance.md has one table of {name}"
    DOCS.write_text(changed)


def pytorch(work):
    script = HERE / ("grid.py" if work in GRIDS else "models.py")
    result = subprocess.run([sys.executable, script, work], check=True, capture_output=True, text=True)
    return json.loads(result.stdout)["seconds"]


def seconds(runs):
    return f"{statistics.median(runs):.3g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="path of neartop, built for release")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--works", default=",".join(GRIDS | MODELS | LARGE))
    parser.add_argument("--memory", action="store_true", help="measure memory alone")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/performance.md")
    arguments = parser.parse_args()
    works = arguments.works.split(",")
    held = ["| work | one job, MiB | two jobs, MiB |", "|---|---|---|"]
    held += [memory(arguments.program, work) for work in works]
    print("\n".join(held))
    if arguments.write:
        write("memory", "\n".join(held))
    if arguments.memory:
        return
    lines = ["| work | neartop | NEAR alone | PyTorch | PyTorch by neartop | by NEAR alone |", "|---|---|---|---|---|---|"]
    for work in (work for work in works if work not in LARGE):
        preset = (WORKS / f"{work}.yaml").read_text()
        ways = [lambda: neartop(arguments.program, preset), lambda: neartop(arguments.program, alone(preset)), lambda: pytorch(work)]
        runs = list(zip(*([way() for way in ways] for _ in range(arguments.runs))))
        print(work, *runs, file=sys.stderr)
        ours, near, torch = map(statistics.median, runs)
        name = (GRIDS | MODELS)[work]
        lines.append(f"| {name} | {seconds(runs[0])} | {seconds(runs[1])} | {seconds(runs[2])} | {torch / ours:.1f} | {torch / near:.1f} |")
    table = "\n".join(lines)
    print(table)
    if arguments.write:
        write("works", table)


if __name__ == "__main__":
    main()
