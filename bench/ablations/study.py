"""What the two ablations share: variants of a model made by the engine, measured, and kept, so that an interrupted run goes on."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKS = ["boolq", "piqa", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa"]
# LLM-Pruner's own columns.
BY_LENGTH = {"hellaswag", "arc_challenge", "openbookqa"}


def options(description):
    """The command line of an ablation."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("model", type=pathlib.Path)
    add("--ratio", default="0.2")
    add("--calibration", required=True, action="append", help="may be given again")
    add("--samples", default="10")
    add("--seq-len", default="64")
    add("--tune", required=True, help="texts to train on")
    add("--max-samples", default="2000", help="of these texts")
    add("--wikitext", required=True)
    add("--ptb", required=True)
    add("--max-windows", default="0", help="of each text; 0 for all")
    add("--data-dir", help="folder of the seven tasks; without it they are left out")
    add("--limit", default="0", help="questions of each task; 0 for all")
    add("--work", required=True, type=pathlib.Path, help="keeps figures and models between runs")
    return parser.parse_args()


class Study:
    """Makes and measures variants, each once, as long as the options are the same."""

    def __init__(self, given):
        self.given = given
        given.work.mkdir(parents=True, exist_ok=True)
        self.file = given.work / "figures.json"
        setting = {key: str(value) for key, value in vars(given).items() if key != "work"}
        kept = json.loads(self.file.read_text()) if self.file.exists() else {"setting": setting, "figures": {}}
        if kept["setting"] != setting:
            sys.exit(f"ablation: {self.file} is of other options: name another --work, or remove it")
        self.setting, self.figures = setting, kept["figures"]

    def dense(self):
        return self.measured("dense", lambda out: self.given.model)

    def pruned(self, name, words):
        """Without tuning, and with it; words are options of 'engine prune'."""
        calibration = [word for file in self.given.calibration for word in ("--calibration", file)]
        pruned = self.given.work / f"{name}-pruned"
        prune = lambda out: self.engine(  # noqa: E731
            "prune", self.given.model, "--ratio", self.given.ratio, "--round", "1", "--compensate", "none", *calibration,
            "--samples", self.given.samples, "--seq-len", self.given.seq_len, *words, "--out", out)
        return self.measured(name, lambda out: self.made(pruned, prune))

    def tuned(self, name):
        def tune(out):
            adapter = self.given.work / f"{name}-adapter"
            pruned = self.given.work / f"{name}-pruned"
            self.made(adapter, lambda place: self.engine(
                "tune", pruned, "--data", self.given.tune, "--max-samples", self.given.max_samples, "--out", place))
            return self.made(out, lambda place: self.engine("merge", pruned, adapter, "--out", place))
        return self.measured(name + ", tuned", tune)

    def made(self, place, make):
        """What was begun and not finished is made again: outputs of the engine are whole or not there."""
        if not place.exists():
            make(place)
        return place

    def measured(self, name, make):
        if name not in self.figures:
            model = make(self.given.work / name.replace(", ", "-"))
            self.figures[name] = self.measure(model)
            partial = self.file.with_suffix(".partial")
            partial.write_text(json.dumps({"setting": self.setting, "figures": self.figures}, indent=1))
            partial.replace(self.file)
            print(f"{name}: {self.figures[name]}", file=sys.stderr)
        return self.figures[name]

    def measure(self, model):
        figures = {"parameters": self.engine("info", model)["parameters"]}
        most = [] if self.given.max_windows == "0" else ["--max-windows", self.given.max_windows]
        for name, file, form in (("WikiText2", self.given.wikitext, "wikitext"), ("PTB", self.given.ptb, "lines")):
            result = self.engine("eval", "ppl", model, "--data", file, "--format", form, *most)
            figures[name] = result["results"][0]["ppl"]
        if self.given.data_dir:
            limit = [] if self.given.limit == "0" else ["--limit", self.given.limit]
            scores = self.engine("eval", "zero-shot", model, "--tasks", ",".join(TASKS), "--data-dir", self.given.data_dir,
                                 "--harness", "legacy", *limit)["tasks"]
            for task in TASKS:
                figures[task] = scores[task]["acc_norm" if task in BY_LENGTH else "acc"]
            figures["average"] = sum(figures[task] for task in TASKS) / len(TASKS)
        return figures

    def engine(self, *words):
        """Runs the engine; its one JSON object."""
        done = subprocess.run([ROOT / "tools" / "engine", *map(str, words), "--json"], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr.strip().splitlines()[-1])
        return json.loads(done.stdout)


def table(columns, rows):
    """Markdown; rows are labels with figures."""
    yield "| | " + " | ".join(columns) + " |"
    yield "|---|" + "--:|" * len(columns)
    for label, figures in rows:
        yield f"| {label} | " + " | ".join(cell(column, figures) for column in columns) + " |"


def cell(column, figures):
    if column not in figures:
        return ""
    number = figures[column]
    if column == "parameters":
        return f"{number:,}"
    return f"{number:.2f}" if column in ("WikiText2", "PTB") else f"{100 * number:.2f}"
