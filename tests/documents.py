"""Every name in the documents exists (ctest: house.documents). Needs the binary and the sources, no broker.

In README.md, CONTRIBUTING.md, CHANGELOG.md and docs/*.md, what stands in `code type` exists: paths, options, metrics,
events, commands and flags, functions, tests, names of records. What is gone or was never built is written in "quotes".
In sources, scripts and configuration, each path of the repository and each section of a document that is named exists.
The drawing of the rooms in docs/ARCHITECTURE.md is the table of CMakeLists.txt, and each promise there names all its tests.

  tests/documents.py --binary WINNOWD [--root DIR]   says all that is wrong, one a line; exit code 1 if anything is
  tests/documents.py --rooms                         draws the rooms, for docs/ARCHITECTURE.md
  tests/documents.py --self-test --binary WINNOWD    plants one fault of each kind in a copy; each must be found
"""
import argparse
import fnmatch
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE = ("daemon", "include", "tests", "scripts", "config", "systemd")
SOURCE_SUFFIXES = {".c", ".h", ".def", ".py", ".java", ".js", ".html", ".css", ".sh", ".yaml", ".yml", ".txt", ".service", ".json", ""}
NOT_READ = {"corpus", "vectors", "__pycache__"}
GENERATED = {"docs/OPTIONS.md", "docs/METRICS.md"}  # unit tests compare these with their tables

PLACEHOLDER = re.compile(r"\b(ROOM|NOUN|NAME|FILE|DIR)\b")  # daemon/ROOM/NOUN.c stands for all

# Words of others that documents use in code type. Everything of ours is looked up instead.
OTHERS = set("""
acks allow.auto.create.topics auto.offset.reset cleanup.policy enable.auto.commit enable.idempotence fetch.queue.backoff.ms
group.instance.id group.protocol isolation.level max.message.bytes message.max.bytes offset.metadata.max.bytes
queued.max.messages.kbytes sasl.mechanisms sasl.password sasl.username security.protocol session.timeout.ms
ssl.ca.location ssl.certificate.location ssl.key.location ssl.key.password transaction.timeout.ms transactional.id
transaction.abort.timed.out.transaction.cleanup.interval.ms
kafka-consumer-groups kafka-console-consumer.sh read_committed read_uncommitted rd_kafka_assign rd_kafka_committed
rd_kafka_query_watermark_offsets init_transactions cblas_sgemv libtcmalloc-minimal4 python3-sklearn apt-get
shutdown.timeout dh_installsystemd sysusers.d clang-format clang-format-14 clang-format-19 git-log
my.yaml fit.py mine.safetensors debian/ Sec-Fetch-Site LD_PRELOAD StandardScaler LogisticRegression coef_ intercept_ predict_proba save_file
""".split())


class Sources:
    """What exists: files, words, functions, options, metrics, events, commands, tests."""

    def __init__(self, root, binary):
        self.root, self.binary = root, binary
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
        names = listed.stdout.split("\n") if listed.returncode == 0 and listed.stdout else \
            [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
        self.files = {n for n in names if n and not n.startswith(("build/", ".git/")) and (root / n).is_file()}
        self.folders = {str(p) for n in self.files for p in pathlib.PurePath(n).parents} - {"."}
        self.base_names = {pathlib.PurePath(n).name for n in self.files | self.folders}
        self.text = {n: (root / n).read_text(errors="replace") for n in self.files if self.is_code(n)}
        code = "\n".join(t for n, t in self.text.items() if not n.startswith("tests/") or n.startswith("tests/bench"))
        self.words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", code))
        self.dashed = set(re.findall(r"[A-Za-z][A-Za-z0-9]*(?:[-/.][A-Za-z0-9]+)+", "\n".join(self.text.values())))
        self.read_tables()
        self.read_program()

    def is_code(self, name):
        path = pathlib.PurePath(name)
        return (path.parts[0] in CODE and path.suffix in SOURCE_SUFFIXES and not NOT_READ & set(path.parts)) or path.name == "CMakeLists.txt"

    def read_tables(self):
        sources = {n: t for n, t in self.text.items() if n.startswith(("daemon/", "include/"))}
        c = "\n".join(t for n, t in sources.items() if n.endswith((".c", ".h")))
        self.functions = set(re.findall(r"^[A-Za-z_][\w \t\*]*?\b\*?([a-z_][a-z0-9_]*)\([^;{]*(?:\)|,)", c, re.M)) | \
            set(re.findall(r"#define ([A-Za-z_]\w*)\(", c))
        said = re.findall(r'\w*(?:LOG|log)\w*\(\s*(?:\w+,)?\s*((?:[^"(),;]*"[a-z_]+")+)\s*,', c)
        self.events = {event for one in said for event in re.findall(r'"([a-z_]+)"', one)}
        self.rooms = room_table(self.text["CMakeLists.txt"])

    def say(self, *words):
        done = subprocess.run([self.binary, *words], capture_output=True, text=True)
        return done.stdout + done.stderr

    def read_program(self):
        markdown = self.say("docs", "options")
        self.options, self.features, section = {}, set(), None
        for line in markdown.split("\n"):
            head, row = re.match(r"## (\w+)$", line), re.match(r"\| `(\w+)` \| .* \| (restart|reload) \|", line)
            section = head.group(1) if head else section
            if row: self.options.setdefault(section, set()).add(row.group(1))
            elif re.match(r"\| `(\w+)` \|", line): self.features.add(re.match(r"\| `(\w+)` \|", line).group(1))
        self.metrics = {}
        for line in self.say("docs", "metrics").split("\n"):
            row = re.match(r"\| `(\w+)` \| (\w+)[^|]*\| (?:`(\w+)`: ([^|]*))?", line)
            if row: self.metrics[row.group(1)] = (row.group(3), set((row.group(4) or "").strip().split(", ")))
        self.commands = {}
        for word in re.findall(r"^  ([a-z-]+) ", self.say("--help"), re.M): self.commands[word] = self.say(word, "--help")

    def function(self, name): return name in self.functions
    def option(self, section, key): return key in self.options.get(section, ())

    def path(self, name):
        name = name.rstrip("/")
        if name in self.files or name in self.folders: return True
        pattern = PLACEHOLDER.sub("*", name)
        return "*" in pattern and any(fnmatch.fnmatch(f, pattern) for f in self.files | self.folders)

    def test(self, name):
        if PLACEHOLDER.search(name): return True
        kind, _, rest = name.partition(".")
        if kind == "unit":
            room, _, noun = rest.partition(".")
            return f"tests/unit/{room}/{noun}.c" in self.files
        if kind == "system" and f"tests/system/{rest}.py" in self.files: return True
        if kind == "room": return rest in self.rooms
        if kind == "fuzz": return f"tests/fuzz/{rest}.c" in self.files
        return any(f"NAME {name}" in t for n, t in self.text.items() if n.endswith("CMakeLists.txt"))


# ---- the table of rooms ----

def room_table(cmake):
    """Name to the rooms it may use, in the order of CMakeLists.txt."""
    rooms = {}
    for name, rest in re.findall(r"^room\((\w+)\s*([^)]*)\)", cmake, re.M):
        uses = re.search(r"USES ([a-z ]+)", rest)
        rooms[name] = uses.group(1).split() if uses else []
    return rooms


def draw_rooms(rooms):
    names = list(rooms)
    lines = [" " * 15 + "".join(f"{n + 1:>3}" for n in range(len(names)))]
    for n, name in enumerate(names):
        marks = "".join(f"  {'×' if other in rooms[name] else '·'}" for other in names[:n])
        lines.append(f"{n + 1:>2}  {name:<11}{marks}".rstrip())
    return "\n".join(lines)


# ---- what a document says ----

def fences(text):
    """(line, language, body) of each fenced block; and the text with them blanked."""
    blocks, kept, inside = [], [], None
    for number, line in enumerate(text.split("\n"), 1):
        fence = re.match(r"```(\w*)", line)
        if fence and inside is None: inside = (number, fence.group(1), [])
        elif fence:
            blocks.append((inside[0], inside[1], "\n".join(inside[2])))
            inside = None
        elif inside is not None:
            inside[2].append(line)
            kept.append("")
            continue
        kept.append("" if fence else line)
    return blocks, "\n".join(kept)


def spans(text):
    """(line, content) of each `code span`; one may go on in the next line."""
    for paragraph in re.finditer(r"(?:[^\n]+\n?)+", text):
        for found in re.finditer(r"(?<!`)`([^`]+)`(?!`)", paragraph.group(0)):
            yield text[:paragraph.start() + found.start()].count("\n") + 1, " ".join(found.group(1).split())


def indented(text):
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("    ") and not re.match(r"    +([-*\d]|\|)", line): yield number, line.strip()


class Judge:
    def __init__(self, sources):
        self.s, self.wrong = sources, []

    def say(self, where, kind, what): self.wrong.append(f"{where}: {kind}: {what}")

    # -- one token --

    def command(self, where, line):
        """winnowd COMMAND WORDS --flags, or scripts/NAME WORDS --flags."""
        for words in re.split(r"\s[|&;]+\s?|&&|\s#\s", line):
            started = re.search(r"(?:^|[\s(\"/])(winnowd|scripts/\w+)\s+(.*)$", words) or re.match(r"(scripts/\w+)()$", words)
            if not started or re.search(r"(systemctl|journalctl|apt|mkdir|journald|cd) .*winnowd", words): continue
            name, rest = started.group(1), started.group(2)
            if name.startswith("scripts/"):
                if not self.s.path(name): return self.say(where, "path", name)
                text = self.s.text.get(name, "") + "".join(t for n, t in self.s.text.items() if n.startswith("tests/bench/"))
                if name == "scripts/demo": text += self.s.commands["demo"]
                known = lambda flag: flag in text
            else:
                first = re.match(r"([a-z][a-z-]*)", rest)
                if not first: continue
                if first.group(1) not in self.s.commands: return self.say(where, "command", "winnowd " + first.group(1))
                text = self.s.commands[first.group(1)]
                known = lambda flag: re.search(re.escape(flag) + r"\b", text)
                second = re.match(r"[a-z-]+ (?:-c \S+ )?(?:\[[^]]*\] )?([a-z][a-z_-]+)\b(?!\.)", rest)
                if second and second.group(1) not in text and not self.s.test(second.group(1)):
                    self.say(where, "command", f"winnowd {first.group(1)} ... {second.group(1)}")
            for flag in re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", rest):
                if not known(flag) and flag != "--help": self.say(where, "flag", f"{name} {rest.split()[0] if rest else ''} {flag}")

    def metric(self, where, token):
        name = re.match(r"(winnowd_\w+|process_\w+)", token).group(1)
        known = self.s.metrics.get(re.sub(r"_(bucket|sum|count)$", "", name)) if name not in self.s.metrics else self.s.metrics[name]
        if known is None:
            if name.endswith("_") and any(m.startswith(name) for m in self.s.metrics): return
            return self.say(where, "metric", name)
        for label, value in re.findall(r'(\w+)=~?"([^"]*)"', token):
            if label != known[0] or not set(value.split("|")) <= known[1]: self.say(where, "metric", f'{name}{{{label}="{value}"}}')

    def dotted(self, where, token):
        """a.b: an option, a test, a file, a member of a record, or a name of others."""
        head, _, key = token.partition(".")
        if token in OTHERS or token.split("/")[-1] in self.s.base_names: return
        if head in self.s.options:
            return None if self.s.option(head, key) else self.say(where, "option", token)
        if head in ("unit", "system", "room", "bench", "house", "fuzz", "cost", "tsan", "asan"):
            return None if self.s.test(token) else self.say(where, "test", token)
        if re.search(r"\.(c|h|py|md|def|yaml|yml|json|sh|html|js|css|service|csv|java)$", token):
            return self.say(where, "path", token)
        if not all(part in self.s.words for part in re.split(r"[.\-]", token) if re.match(r"[a-z]", part)):
            self.say(where, "name", token)

    def token(self, where, token):
        """What one code span says; a span may hold several words."""
        if re.search(r"^(winnowd|scripts/\w+)( |$)", token): return self.command(where, token)
        if re.match(r"(winnowd|process)_\w", token) and not re.search(r"\.deb|NEW", token): return self.metric(where, token)
        event = re.match(r"event=(\w+)$", token)
        if event: return None if event.group(1) in self.s.events else self.say(where, "event", event.group(1))
        call = re.match(r"([a-z_][a-z0-9_]*)\(\)?$", token)
        if call: return None if self.s.function(call.group(1)) else self.say(where, "function", token)
        if re.match(r"\.?/?(daemon|include|tests|scripts|config|docs|systemd)/", token):
            return None if self.s.path(token.split(" ")[0]) else self.say(where, "path", token)
        section = re.match(r"(\w+): \{(.*)\}?$", token)
        if section and section.group(1) in self.s.options:
            for key in re.findall(r"(?:^|, )(\w+):", section.group(2)):
                if not self.s.option(section.group(1), key): self.say(where, "option", f"{section.group(1)}.{key}")
            return None
        option = re.match(r"([a-z_]+\.[a-z_]+): ", token)
        if option: return self.dotted(where, option.group(1))
        if re.match(r"D\d+$", token): return None
        if re.match(r"--[a-z][a-z-]*$", token):
            said = "".join(self.s.commands.values()) + "".join(t for n, t in self.s.text.items() if n.startswith(("scripts/", "tests/")))
            return None if re.search(re.escape(token) + r"\b", said) else self.say(where, "flag", token)
        if re.match(r"[A-Za-z_][\w-]*(\.[\w-]+)+$", token): return self.dotted(where, token)
        if re.match(r"[a-z]\w*_\w*$", token) and token not in OTHERS and token not in self.s.words and token not in self.s.events:
            return self.say(where, "name", token)
        return None

    # -- one document --

    def yaml(self, where, text):
        section = None
        for line in text.split("\n"):
            key = re.match(r"( *)([a-z_]+):(.*)$", line)
            if not key: continue
            if not key.group(1): section = key.group(2)
            if not key.group(1) and section not in self.s.options and section != "features":
                if re.search(r"\b(brokers|service|features)\b", text): self.say(where, "option", section)
            elif len(key.group(1)) == 2 and section in self.s.options and not self.s.option(section, key.group(2)):
                self.say(where, "option", f"{section}.{key.group(2)}")

    def drawing(self, where, text):
        """Files, as daemon/... or from there, and what stands in code type."""
        for path in re.findall(r"(?<![\w/.])([a-z_]+(?:/[a-zA-Z0-9_-]+)+\.[ch])\b", text):
            if not self.s.path(path) and not self.s.path("daemon/" + path): self.say(where, "path", path)
        for _, content in spans(text): self.token(where, content)

    def links(self, name, text):
        for found in re.finditer(r"\]\(([^)#\s]*)(#[^)]*)?\)", text):
            target = found.group(1)
            if not target or re.match(r"[a-z]+:", target): continue
            path = (self.s.root / name).parent / target
            if not path.exists(): self.say(f"{name}:{text[:found.start()].count(chr(10)) + 1}", "path", target)

    def numbers(self, name, text):
        known = set(re.findall(r"^#+ (D\d+)\b", self.document("docs/DECISIONS.md"), re.M))
        promises = set(re.findall(r"^\| (I\d+) \|", self.document("docs/ARCHITECTURE.md"), re.M))
        for n, line in enumerate(text.split("\n"), 1):
            for number in re.findall(r"(?<![\w-])([DI]\d{1,3})(?![\w-])", line):
                if number not in (known if number[0] == "D" else promises): self.say(f"{name}:{n}", "number", number)

    def document(self, name):
        path = self.s.root / name
        return path.read_text() if path.exists() else ""

    def events_table(self):
        """In OPERATIONS the first column of the table of events holds events only."""
        text = self.document("docs/OPERATIONS.md")
        table = re.search(r"^\| event \|.*?(?=\n\n)", text, re.S | re.M)
        if not table: return self.say("docs/OPERATIONS.md", "event", "no table of events")
        for row in table.group(0).split("\n")[2:]:
            for event in re.findall(r"`(\w+)`", row.split("|")[1]):
                if event not in self.s.events: self.say("docs/OPERATIONS.md", "event", event)

    def read(self, name):
        text = self.document(name)
        blocks, rest = fences(text)
        for line, content in spans(rest): self.token(f"{name}:{line}", content)
        for line, content in indented(rest): self.command(f"{name}:{line}", content)
        for line, language, body in blocks:
            if language == "yaml": self.yaml(f"{name}:{line}", body)
            if not language: self.drawing(f"{name}:{line}", body)
            if language == "sh":
                for one in body.replace("\\\n", "").split("\n"): self.command(f"{name}:{line}", one)
        for n, line in enumerate(rest.split("\n"), 1):
            for event in re.findall(r"event=(\w+)", line):
                if event not in self.s.events: self.say(f"{name}:{n}", "event", event)
        self.links(name, text)
        self.numbers(name, rest)

    def rooms(self):
        drawn = re.search(r"^```rooms\n(.*?)^```", self.document("docs/ARCHITECTURE.md"), re.S | re.M)
        if not drawn: return self.say("docs/ARCHITECTURE.md", "rooms", "there is no ```rooms block")
        if drawn.group(1).rstrip() != draw_rooms(self.s.rooms):
            self.say("docs/ARCHITECTURE.md", "rooms", "not the table of CMakeLists.txt; tests/documents.py --rooms draws it")
        described = set(re.findall(r"^\| `(\w+)` \|", self.document("docs/ARCHITECTURE.md"), re.M))
        for room in self.s.rooms:
            if room not in described: self.say("docs/ARCHITECTURE.md", "rooms", f"room {room} is not described")
        for room, uses in self.s.rooms.items():
            for used in uses:
                if list(self.s.rooms).index(used) >= list(self.s.rooms).index(room): self.say("CMakeLists.txt", "rooms", f"{room} uses {used}, which stands above it")

    def source_comments(self):
        """Paths and sections of documents that sources name."""
        headings = {}
        for name, text in self.s.text.items():
            if name == "tests/documents.py": continue
            flat = re.sub(r"\n\s*(\*|//|#)? ?", " ", text)
            for path in set(re.findall(r"(?<![\w/.${}-])((?:daemon|include|docs|tests/unit|tests/system|tests/bench)/[\w./*-]*\w\.(?:c|h|def|md|py))\b", text)):
                if not self.s.path(path): self.say(name, "path", path)
            for file, title in re.findall(r'docs/([A-Z]+\.md), "([^"]+)"', flat):
                if file not in headings: headings[file] = {h.strip() for h in re.findall(r"^#+ (.*)$", self.document("docs/" + file), re.M)}
                if not any(h == title or h.startswith(title) or h.endswith(title) for h in headings[file]): self.say(name, "section", f'docs/{file}, "{title}"')
            known = set(re.findall(r"^#+ (D\d+)\b", self.document("docs/DECISIONS.md"), re.M))
            for number in set(re.findall(r"docs/DECISIONS\.md,? (D\d+)", flat)) - known: self.say(name, "number", number)

    def promises(self):
        """Each promise names every test that carries its number."""
        rows = dict(re.findall(r"^\| (I\d+) \|(.*)$", self.document("docs/ARCHITECTURE.md"), re.M))
        for name in self.s.files:
            test = re.match(r"tests/(unit/\w+|system)/((I\d+)-[\w-]+)\.(c|py)$", name)
            if not test: continue
            called = ".".join([*test.group(1).split("/"), test.group(2)])
            if f"`{called}`" not in rows.get(test.group(3), ""): self.say("docs/ARCHITECTURE.md", "promise", f"{test.group(3)} does not name {called}")

    def all(self):
        names = sorted(n for n in self.s.files if n in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md") or re.match(r"docs/[^/]+\.md$", n))
        for name in names:
            if name not in GENERATED: self.read(name)
        self.events_table()
        self.rooms()
        self.promises()
        self.source_comments()
        return sorted(set(self.wrong))


# ---- faults that must be found ----

PLANTED = [  # kind, file, what is put behind its first heading (or what is replaced by what)
    ("path", "README.md", "See `daemon/query/bugdet.c`."),
    ("path", "docs/OPERATIONS.md", "See [this](NOWHERE.md)."),
    ("path", "CONTRIBUTING.md", "See `bugdet.c`."),
    ("option", "README.md", "Set `budget.rates`."),
    ("option", "docs/OPERATIONS.md", "Set `watch: {listens: x}`."),
    ("option", "docs/OPERATIONS.md", "```yaml\nkafka:\n  broker: x\n  brokers: y\n```"),
    ("name", "docs/ARCHITECTURE.md", "Set `bugdet.rate`."),
    ("metric", "docs/OPERATIONS.md", "Look at `winnowd_lag_sample`."),
    ("metric", "docs/OPERATIONS.md", 'Look at `winnowd_config_reloads_total{result="fine"}`.'),
    ("event", "docs/OPERATIONS.md", "It says `event=learner_fence`."),
    ("event", "docs/OPERATIONS.md", ("| `learner_fenced` |", "| `learner_fence` |")),
    ("command", "README.md", "Run `winnowd modle list`."),
    ("command", "docs/OPERATIONS.md", "    winnowd model -c FILE rolback"),
    ("flag", "README.md", "Run `winnowd check -c FILE --onlin`."),
    ("flag", "docs/TUTORIAL.md", "```sh\nwinnowd simulate --dta x\n```"),
    ("flag", "CONTRIBUTING.md", "Run `scripts/bench all --wrote`."),
    ("function", "CONTRIBUTING.md", "Call `budget_alow()`."),
    ("name", "docs/DECISIONS.md", "It is `not_jason`."),
    ("test", "CONTRIBUTING.md", "Run `unit.query.bugdet`."),
    ("test", "CONTRIBUTING.md", "Run `system.I2-kill8`."),
    ("number", "docs/OPERATIONS.md", "Promise I13."),
    ("number", "docs/ARCHITECTURE.md", "Why: D999."),
    ("promise", "docs/ARCHITECTURE.md", ("`unit.query.I4-budget`, ", "")),
    ("rooms", "CMakeLists.txt", ("room(estimate USES base)", "room(estimate USES base config)")),
    ("path", "docs/ARCHITECTURE.md", "```\nworker  run/wroker.c\n```"),
    ("path", "include/base/arena.h", "/* docs/DESIGNS.md */"),
    ("section", "include/base/arena.h", '/* docs/ARCHITECTURE.md, "No such section" */'),
]


def plant(root, file, fault):
    path = root / file
    text = path.read_text()
    if isinstance(fault, tuple):
        assert fault[0] in text, f"{file}: {fault[0]}"
        return path.write_text(text.replace(fault[0], fault[1], 1))
    head, _, rest = text.partition("\n")
    return path.write_text(f"{head}\n\n{fault}\n\n{rest}" if file.endswith(".md") else text + "\n" + fault + "\n")


def self_test(binary):
    """Each fault alone must be found, as its kind, in the file where it was planted or that it contradicts."""
    missed = []
    with tempfile.TemporaryDirectory() as where:
        root = pathlib.Path(where) / "tree"
        sources = Sources(ROOT, binary)
        for name in sources.files:
            if NOT_READ & set(pathlib.PurePath(name).parts): continue
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
        before = set(Judge(Sources(root, binary)).all())
        for kind, file, fault in PLANTED:
            clean = (root / file).read_text()
            plant(root, file, fault)
            found = [w for w in set(Judge(Sources(root, binary)).all()) - before if f": {kind}: " in w]
            (root / file).write_text(clean)
            if not found: missed.append(f"{kind} in {file}: {fault}")
    for one in missed: print("not found:", one)
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    parser.add_argument("--rooms", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    o = parser.parse_args()
    if o.rooms:
        print(draw_rooms(room_table((o.root / "CMakeLists.txt").read_text())))
        return 0
    if not o.binary: parser.error("--binary is wanted")
    if o.self_test: return self_test(o.binary)
    wrong = Judge(Sources(o.root, o.binary)).all()
    for one in wrong: print(one)
    if wrong: print(f"{len(wrong)} names in documents that do not exist", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
