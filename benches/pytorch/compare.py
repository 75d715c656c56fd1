"""Runs every work of `benches/works` by neartop and by PyTorch in turn, on all cores, and writes the table of
`docs/performance.md`.

    cargo build --release
    python benches/pytorch/compare.py target/release/neartop [--runs 3] [--works mlp-small,vit] [--write]

Both leave out imports and data. "NEAR alone" is neartop without the verdict, which is the work that the PyTorch program does.
Only ratios of one call mean anything, on a machine that does nothing else. It needs torch and numpy.
"""
import argparse, json, pathlib, re, statistics, subprocess, sys, tempfile

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


def alone(preset):
    """The preset without the verdict."""
    changed, count = re.subn(r"^score:\n", "score:\n  trainability: false\n", preset, flags=re.M)
    assert count == 1, "a work has one section `score`, line by line"
    return changed


def neartop(program, preset):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(preset)
        file.flush()
        command = [program, "rank", file.name, "--no-study", "--format", "json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["elapsed_seconds"]


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
    parser.add_argument("--works", default=",".join(GRIDS | MODELS))
    parser.add_argument("--write", action="store_true", help="write the table to docs/performance.md")
    arguments = parser.parse_args()
    lines = ["| work | neartop | NEAR alone | PyTorch | PyTorch by neartop | by NEAR alone |", "|---|---|---|---|---|---|"]
    for work in arguments.works.split(","):
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
        text = DOCS.read_text()
        changed, count = re.subn(r"(<!-- works -->\n).*?(\n<!-- end -->)", lambda m: m[1] + table + m[2], text, flags=re.S)
        assert count == 1, "docs/performance.md has one table of works"
        DOCS.write_text(changed)


if __name__ == "__main__":
    main()
