"""Every name in the documents exists (ctest: house.documents). Needs binary and sources, no broker.

In README.md, CONTRIBUTING.md, CHANGELOG.md and docs/*.md, what stands in `code type` exists: paths,
options, metrics, events, commands, flags, functions, tests, names in records. What is gone or was
never built is written in "quotes". In sources, scripts and configuration, each path of the
repository and each section of a document that is named exists. In docs/ARCHITECTURE.md the drawing
of the rooms is the table of CMakeLists.txt, and each promise names all its tests. In
docs/OPERATIONS.md the table of events has each one that the code logs as a warning or an error.

  tests/documents.py --binary WINNOWD [--root DIR]   all that is wrong, one a line; exit 1 if any is
  tests/documents.py --rooms                         draws the rooms, for docs/ARCHITECTURE.md
  tests/documents.py --self-test --binary WINNOWD    plants faults of each kind in a copy of the
                                                     tree; each must be found
"""
import argparse
import fnmatch
import functools
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE = ("daemon", "include", "tests", "scripts", "config", "systemd")
SUFFIXES = ".c .h .def .py .java .js .html .css .sh .yaml .yml .txt .service .json".split()
SUFFIXES.append("")  # scripts
NOT_READ = {"corpus", "vectors", "__pycache__"}
GENERATED = {"docs/OPTIONS.md", "docs/METRICS.md"}  # unit tests compare these with their tables

TESTS = ("unit", "system", "room", "bench", "house", "fuzz", "cost", "tsan", "asan")
FILE = re.compile(r"\.(c|h|py|md|def|yaml|yml|json|sh|html|js|css|service|csv|java)$")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
# A call that logs: function, level if it comes first, event (two of them in a choice).
LOGGED = re.compile(r'(\w*(?:LOG|log)\w*)\(\s*(?:([^"(),;]+),)?\s*((?:[^"(),;]*"[a-z_]+")+)\s*,')
LOUD = re.compile(r"^(LOG|log_write|\w+_log_errors)$")  # those that may say warning or error
QUIET = re.compile(r"(LOG_)?(NOTICE|INFO|DEBUG)")        # levels of events that want nothing of us
METRIC = re.compile(r"(winnowd|process)_\w(?!.*\.deb)")
PATH_IN_SOURCE = re.compile(r"(?<![\w/.${}-])((?:daemon|include|docs|tests/(?:unit|system|bench))/"
                            r"[\w./*-]*\w\.(?:c|h|def|md|py))\b")
PLACEHOLDER = re.compile(r"\b(ROOM|NOUN|NAME|FILE|DIR)\b")  # daemon/ROOM/NOUN.c stands for all

# Words of others that documents use in code type. Everything of ours is looked up instead.
OTHERS = set("""
LD_PRELOAD LogisticRegression Sec-Fetch-Site StandardScaler acks allow.auto.create.topics apt-get
auto.offset.reset cblas_sgemv clang-format clang-format-14 clang-format-19 cleanup.policy coef_
data.mdb debian/ dh_installsystemd enable.auto.commit enable.idempotence fetch.queue.backoff.ms
fit.py git-log group.instance.id group.protocol init_transactions intercept_ isolation.level
kafka-console-consumer.sh kafka-consumer-groups libtcmalloc-minimal4 lock.mdb max.message.bytes
message.max.bytes mine.safetensors my.yaml offset.metadata.max.bytes predict_proba python3-sklearn
queued.max.messages.kbytes rd_kafka_assign rd_kafka_committed rd_kafka_query_watermark_offsets
read_committed read_uncommitted sasl.mechanisms sasl.password sasl.username save_file
security.protocol session.timeout.ms shutdown.timeout ssl.ca.location ssl.certificate.location
ssl.key.location ssl.key.password sysusers.d
transaction.abort.timed.out.transaction.cleanup.interval.ms transaction.timeout.ms transactional.id
""".split())


class Sources:
    """What exists: files, words, functions, options, metrics, events, commands, tests."""

    def __init__(self, root, binary):
        self.root, self.binary = root, binary
        self.files = {name for name in self.listed() if (root / name).is_file()}
        self.folders = {str(p) for n in self.files for p in pathlib.PurePath(n).parents} - {"."}
        self.base_names = {pathlib.PurePath(n).name for n in self.files | self.folders}
        self.text = {n: (root / n).read_text(errors="replace") for n in self.files if is_code(n)}
        self.words = {word for name, text in self.text.items()
                      if not name.startswith("tests/") or name.startswith("tests/bench/")
                      for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)}
        self.read_c()
        self.read_options()
        self.read_metrics()
        self.commands = {word: self.say(word, "--help")
                         for word in re.findall(r"^  ([a-z-]+) ", self.say("--help"), re.M)}
        self.rooms = room_table(self.text["CMakeLists.txt"])

    def listed(self):
        """What git tracks or would; in a copy without git, all there is but what was built."""
        words = ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard"]
        if shutil.which("git"):
            listed = subprocess.run(words, capture_output=True, text=True)
            if listed.returncode == 0 and listed.stdout: return listed.stdout.split("\n")
        names = (path.relative_to(self.root) for path in self.root.rglob("*"))
        return [str(name) for name in names if not name.parts[0].startswith("build")]

    def say(self, *words): return say(self.binary, *words)

    def starting(self, folder):
        """All text in a folder."""
        return "".join(text for name, text in self.text.items() if name.startswith(folder))

    def read_c(self):
        c = "\n".join(text for name, text in self.text.items()
                      if name.startswith(("daemon/", "include/")) and name.endswith((".c", ".h")))
        self.functions = set(re.findall(r"#define ([A-Za-z_]\w*)\(", c)) | set(re.findall(
            r"^[A-Za-z_][\w \t\*]*?\b\*?([a-z_][a-z0-9_]*)\([^;{]*(?:\)|,)", c, re.M))
        self.events, self.troubles = set(), set()
        for function, level, names in LOGGED.findall(c):
            events = set(re.findall(r'"([a-z_]+)"', names))
            self.events |= events
            loud = LOUD.search(function) and not QUIET.fullmatch(level.strip())
            if loud: self.troubles |= events

    def read_options(self):
        self.options, section = {}, None
        for line in self.say("docs", "options").split("\n"):
            head = re.match(r"## (\w+)$", line)
            row = re.match(r"\| `(\w+)` \| .* \| (restart|reload) \|", line)
            section = head.group(1) if head else section
            if row: self.options.setdefault(section, set()).add(row.group(1))

    def read_metrics(self):
        """Name to its labels and their values; None: those of the configuration."""
        self.metrics = {}
        for line in self.say("docs", "metrics").split("\n"):
            row = re.match(r"\| `(\w+)` \| (?:\w+)[^|]*\| ([^|]*)", line)
            labels = re.findall(r"`(\w+)`: ([^;]*)", row.group(2)) if row else []
            if row:
                self.metrics[row.group(1)] = {label: None if "configuration" in values else set(values.strip().split(", "))
                                              for label, values in labels}

    def path(self, name):
        name = name.rstrip("/")
        if name in self.files or name in self.folders: return True
        pattern = PLACEHOLDER.sub("*", name)
        if "*" not in pattern: return False
        return any(fnmatch.fnmatch(one, pattern) for one in self.files | self.folders)

    def function(self, name): return name in self.functions
    def option(self, section, key): return key in self.options.get(section, ())
    def metric(self, name): return self.metrics.get(re.sub(r"_(bucket|sum|count)$", "", name))

    def test(self, name):
        kind, _, rest = name.partition(".")
        if PLACEHOLDER.search(name): return True
        if kind == "unit": return f"tests/unit/{rest.replace('.', '/')}.c" in self.files
        if kind == "room": return rest in self.rooms
        if kind == "fuzz": return f"tests/fuzz/{rest}.c" in self.files
        if f"tests/{kind}/{rest}.py" in self.files: return True
        return any(f"NAME {name} " in text for file, text in self.text.items()
                   if file.endswith("CMakeLists.txt"))


@functools.cache
def say(*words):
    """What a program prints."""
    done = subprocess.run(words, capture_output=True, text=True)
    return done.stdout + done.stderr


def is_code(name):
    path = pathlib.PurePath(name)
    if path.name == "CMakeLists.txt": return True
    return path.parts[0] in CODE and path.suffix in SUFFIXES and not NOT_READ & set(path.parts)


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
            line = text[:paragraph.start() + found.start()].count("\n") + 1
            yield line, " ".join(found.group(1).split())


def indented(text):
    """(line, content) of the lines that are code by their indentation."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("    ") and not re.match(r"    +([-*\d]|\|)", line):
            yield number, line.strip()


class Judge:
    """Reads documents and sources, and collects what they name that does not exist."""

    def __init__(self, sources):
        self.s, self.wrong = sources, set()
        self.text = {name: (sources.root / name).read_text() for name in sources.files
                     if re.match(r"(docs/[^/]+|README|CONTRIBUTING|CHANGELOG)\.md$", name)}
        self.decisions = set(re.findall(r"^#+ (D\d+)\b", self.document("DECISIONS"), re.M))
        self.promised = dict(re.findall(r"^\| (I\d+) \|(.*)$", self.document("ARCHITECTURE"), re.M))

    def document(self, name): return self.text.get(f"docs/{name}.md", "")

    def judge(self, right, where, kind, what):
        if not right: self.wrong.add(f"{where}: {kind}: {what}")

    # -- what a span or a line of code says --

    def command(self, where, line):
        """winnowd COMMAND WORDS --flags, or scripts/NAME WORDS --flags; several in a pipe."""
        for words in re.split(r"\s[|&;]+\s?|&&|\s#\s", line):
            if re.search(r"(systemctl|journalctl|apt|mkdir|cd) .*winnowd", words): continue
            ours = re.search(r"(?:^|[\s(\"/])(winnowd)\s+([a-z][a-z-]*)(.*)$", words)
            script = re.search(r"(?:^|[\s(\"/])(scripts/\w+)(.*)$", words)
            if ours: self.our_command(where, ours.group(2), ours.group(3))
            elif script: self.script(where, script.group(1), script.group(2))

    def our_command(self, where, command, rest):
        self.judge(command in self.s.commands, where, "command", f"winnowd {command}")
        help_ = self.s.commands.get(command, "")
        word = re.match(r" (?:-c \S+ )?(?:\[[^]]*\] )?([a-z][a-z_-]+)\b(?!\.)", rest)
        if word and help_:
            known = word.group(1) in help_ or self.s.test(word.group(1))
            self.judge(known, where, "command", f"winnowd {command} ... {word.group(1)}")
        for flag in FLAG.findall(rest):
            known = re.search(re.escape(flag) + r"\b", help_) or flag == "--help"
            self.judge(known, where, "flag", f"winnowd {command} {flag}")

    def script(self, where, name, rest):
        self.judge(self.s.path(name), where, "path", name)
        if rest.lstrip('"').startswith(" tool "): return  # Kafka's own flags
        known = self.s.text.get(name, "") + self.s.starting("tests/bench/")
        if name == "scripts/demo": known += self.s.commands["demo"]
        for flag in FLAG.findall(rest):
            self.judge(flag in known or flag == "--help", where, "flag", f"{name} {flag}")

    def metric(self, where, token):
        name = re.match(r"\w+", token).group(0)
        if name.endswith("_") and any(m.startswith(name) for m in self.s.metrics): return
        known = self.s.metric(name)
        self.judge(known is not None, where, "metric", name)
        for label, value in re.findall(r'(\w+)=~?"([^"]*)"', token) if known else ():
            right = label in known and (known[label] is None or set(value.split("|")) <= known[label])
            self.judge(right, where, "metric", f'{name}{{{label}="{value}"}}')

    def dotted(self, where, token):
        """a.b: an option, a test, a file, a member of a record, or a name of others."""
        head, _, key = token.partition(".")
        if token in OTHERS or token in self.s.base_names: return
        if head in self.s.options: self.judge(self.s.option(head, key), where, "option", token)
        elif head in TESTS: self.judge(self.s.test(token), where, "test", token)
        elif FILE.search(token): self.judge(False, where, "path", token)
        else:
            parts = [part for part in re.split(r"[.-]", token) if re.match(r"[a-z]", part)]
            self.judge(all(part in self.s.words for part in parts), where, "name", token)

    def flow(self, where, section, keys):
        """section: {key: value}."""
        for key in re.findall(r"(?:^|, )(\w+):", keys):
            self.judge(self.s.option(section, key), where, "option", f"{section}.{key}")

    def token(self, where, token):
        """One code span."""
        call = re.match(r"([a-z_][a-z0-9_]*)\(\)?$", token)
        flow = re.match(r"(\w+): \{(.*)\}?$", token)
        option = re.match(r"([a-z_]+\.[a-z_]+): ", token)
        if re.search(r"^(winnowd|scripts/\w+)( |$)", token): self.command(where, token)
        elif METRIC.match(token): self.metric(where, token)
        elif call: self.judge(self.s.function(call.group(1)), where, "function", token)
        elif re.match(r"\.?/?(daemon|include|tests|scripts|config|docs|systemd)/", token):
            self.judge(self.s.path(token.split(" ")[0]), where, "path", token)
        elif flow and flow.group(1) in self.s.options: self.flow(where, *flow.groups())
        elif option: self.dotted(where, option.group(1))
        elif FLAG.fullmatch(token): self.judge(self.known_flag(token), where, "flag", token)
        elif re.match(r"[A-Za-z_][\w-]*(\.[\w-]+)+$", token): self.dotted(where, token)
        elif re.match(r"[A-Za-z]\w*_\w*$", token):
            self.judge(token in self.s.words or token in OTHERS, where, "name", token)

    def known_flag(self, flag):
        said = "".join(self.s.commands.values()) + self.s.starting(("scripts/", "tests/bench/"))
        return re.search(re.escape(flag) + r"\b", said)

    # -- one document --

    def read(self, name):
        blocks, prose = fences(self.text[name])
        for line, content in spans(prose): self.token(f"{name}:{line}", content)
        for line, content in indented(prose): self.command(f"{name}:{line}", content)
        for line, language, body in blocks:
            if language == "yaml": self.yaml(f"{name}:{line}", body)
            if language == "sh":
                for one in body.replace("\\\n", "").split("\n"): self.command(f"{name}:{line}", one)
            if not language: self.drawing(f"{name}:{line}", body)
        for number, line in enumerate(prose.split("\n"), 1): self.plain(f"{name}:{number}", line)
        self.links(name)

    def plain(self, where, line):
        """What needs no code type to be known as a name; what is in quotes is gone."""
        line = re.sub(r'"[a-z_.]+"', "", line)
        for event in re.findall(r"event=(\w+)", line):
            self.judge(event in self.s.events, where, "event", event)
        for metric in re.findall(r"\b(winnowd_[a-z_]*[a-z])\b(?!-|\.deb)", line):
            stem = any(name.startswith(metric + "_") for name in self.s.metrics)
            self.judge(stem or self.s.metric(metric) is not None, where, "metric", metric)
        for section, key in re.findall(r"(?<![\w./-])([a-z_]+)\.([a-z_]+)\b(?![.(/])", line):
            if section in self.s.options and not FILE.search("x." + key):
                self.judge(self.s.option(section, key), where, "option", f"{section}.{key}")
        for number in re.findall(r"(?<![\w-])([DI]\d{1,3})(?![\w-])", line):
            known = self.decisions if number[0] == "D" else self.promised
            self.judge(number in known, where, "number", number)

    def yaml(self, where, text):
        """A configuration, if it has a section of ours at all."""
        section = None
        ours = any(re.search(rf"^{s}:", text, re.M) for s in self.s.options)
        for line in text.split("\n") if ours else ():
            key = re.match(r"( *)([a-z_]+):", line)
            if not key: continue
            if not key.group(1):
                section = key.group(2)
                known = section in self.s.options or section == "features"
                self.judge(known, where, "option", section)
            elif len(key.group(1)) == 2 and section in self.s.options:
                name = f"{section}.{key.group(2)}"
                self.judge(self.s.option(section, key.group(2)), where, "option", name)

    def drawing(self, where, text):
        """Files, named from the root or from daemon/, and what stands in code type."""
        for path in re.findall(r"(?<![\w/.])([a-z_]+(?:/[a-zA-Z0-9_-]+)+\.[ch])\b", text):
            self.judge(self.s.path(path) or self.s.path("daemon/" + path), where, "path", path)
        for _, content in spans(text): self.token(where, content)

    def links(self, name):
        text, folder = self.text[name], (self.s.root / name).parent
        for found in re.finditer(r"\]\(([^)#\s]*)(#[^)]*)?\)", text):
            if not found.group(1) or re.match(r"[a-z]+:", found.group(1)): continue
            line = text[:found.start()].count("\n") + 1
            self.judge((folder / found.group(1)).exists(), f"{name}:{line}", "path", found.group(1))

    # -- what documents and sources say of each other --

    def events_table(self):
        """In OPERATIONS the first column of the table of events holds events only, and all that the
        code says as a warning or an error: who is woken by one looks there."""
        name = "docs/OPERATIONS.md"
        table = re.search(r"^\| event \|.*?(?=\n\n)", self.text[name], re.S | re.M)
        self.judge(table, name, "event", "there is no table of events")
        rows = table.group(0).split("\n")[2:] if table else ()
        told = {event for row in rows for event in re.findall(r"`(\w+)`", row.split("|")[1])}
        for event in told: self.judge(event in self.s.events, name, "event", event)
        for event in self.s.troubles - told:
            self.judge(False, name, "event", f"{event} is logged, and no row says what to do")

    def rooms(self):
        name, rooms = "docs/ARCHITECTURE.md", list(self.s.rooms)
        drawn = re.search(r"^```rooms\n(.*?)\n```", self.text[name], re.S | re.M)
        self.judge(drawn and drawn.group(1).rstrip() == draw_rooms(self.s.rooms), name, "rooms",
                   "not the table of CMakeLists.txt; tests/documents.py --rooms draws it")
        for room, uses in self.s.rooms.items():
            described = re.search(rf"^\| `{room}` \|", self.text[name], re.M)
            self.judge(described, name, "rooms", f"{room} is not described")
            above = [used for used in uses if rooms.index(used) >= rooms.index(room)]
            self.judge(not above, "CMakeLists.txt", "rooms", f"{room} uses {above}, above it")

    def promises(self):
        """Each promise names every test that carries its number."""
        for name in self.s.files:
            test = re.match(r"tests/(unit/\w+|system)/((I\d+)-[\w-]+)\.(c|py)$", name)
            if not test: continue
            called = test.group(1).replace("/", ".") + "." + test.group(2)
            named = f"`{called}`" in self.promised.get(test.group(3), "")
            what = f"{test.group(3)} does not name {called}"
            self.judge(named, "docs/ARCHITECTURE.md", "promise", what)

    def source(self, name, text):
        """Paths, sections and numbers that a source names."""
        for path in PATH_IN_SOURCE.findall(text):
            self.judge(self.s.path(path), name, "path", path)
        flat = re.sub(r"\n\s*(\*|//|#)? ?", " ", text)
        for document, title in re.findall(r'docs/([A-Z]+)\.md, "([A-Za-z][^"]+)"', flat):
            headings = [h.strip() for h in re.findall(r"^#+ (.*)$", self.document(document), re.M)]
            self.judge(any(h.startswith(title) or h.endswith(title) for h in headings),
                       name, "section", f'docs/{document}.md, "{title}"')
        for number in re.findall(r"docs/DECISIONS\.md,? (D\d+)", flat):
            self.judge(number in self.decisions, name, "number", number)

    def all(self):
        for name in self.text:
            if name not in GENERATED: self.read(name)
        self.events_table()
        self.rooms()
        self.promises()
        for name, text in self.s.text.items():
            if name != "tests/documents.py": self.source(name, text)
        return sorted(self.wrong)


# ---- faults that must be found ----

# A file, what is put behind its first heading (or replaced by what), and what must then be said.
PLANTED = [
    ("README.md", "See `daemon/query/bugdet.c`.", "path: daemon/query/bugdet.c"),
    ("docs/OPERATIONS.md", "See [this](NOWHERE.md).", "path: NOWHERE.md"),
    ("CONTRIBUTING.md", "See `bugdet.c`.", "path: bugdet.c"),
    ("docs/ARCHITECTURE.md", "```\nworker  run/wroker.c\n```", "path: run/wroker.c"),
    ("include/base/arena.h", "/* docs/DESIGNS.md */", "path: docs/DESIGNS.md"),
    ("README.md", "Set `budget.rates`.", "option: budget.rates"),
    ("docs/OPERATIONS.md", "Set `watch: {listens: x}`.", "option: watch.listens"),
    ("docs/OPERATIONS.md", "```yaml\nkafka:\n  broker: y\n```", "option: kafka.broker\n"),
    ("docs/TUTORIAL.md", "Set budget.rats there.", "option: budget.rats"),
    ("docs/ARCHITECTURE.md", "Set `bugdet.rate`.", "name: bugdet.rate"),
    ("docs/DECISIONS.md", "It is `not_jason`.", "name: not_jason"),
    ("docs/OPERATIONS.md", "Look at `winnowd_lag_sample`.", "metric: winnowd_lag_sample\n"),
    ("docs/BENCHMARKS.md", "Look at winnowd_lag_sampel.", "metric: winnowd_lag_sampel"),
    ("docs/OPERATIONS.md", 'See `winnowd_config_reloads_total{result="fine"}`.', 'result="fine"'),
    ("docs/OPERATIONS.md", "It says `event=learner_fence`.", "event: learner_fence\n"),
    ("docs/OPERATIONS.md", ("| `learner_fenced` |", "| `learner_fenc` |"), "event: learner_fenc\n"),
    ("docs/OPERATIONS.md", ("| `stop_cut` |", "| `stopped` |"), "event: stop_cut is logged"),
    ("include/base/arena.h", 'LOG(ERROR, "no_such_row", "of the table");', "no_such_row is logged"),
    ("README.md", "Run `winnowd modle list`.", "command: winnowd modle"),
    ("docs/OPERATIONS.md", "    winnowd model -c FILE rolback", "command: winnowd model ... rolb"),
    ("README.md", "Run `winnowd check -c FILE --onlin`.", "flag: winnowd check --onlin"),
    ("docs/TUTORIAL.md", "```sh\nwinnowd simulate --dta x\n```", "flag: winnowd simulate --dta"),
    ("CONTRIBUTING.md", "Run `scripts/bench all --wrote`.", "flag: scripts/bench --wrote"),
    ("CONTRIBUTING.md", "Call `budget_alow()`.", "function: budget_alow()"),
    ("CONTRIBUTING.md", "Run `unit.query.bugdet`.", "test: unit.query.bugdet"),
    ("CONTRIBUTING.md", "Run `system.I2-kill8`.", "test: system.I2-kill8"),
    ("docs/OPERATIONS.md", "Promise I99.", "number: I99"),
    ("docs/ARCHITECTURE.md", "Why: D999.", "number: D999"),
    ("docs/ARCHITECTURE.md", ("`unit.query.I4-budget`, ", ""), "promise: I4 does not name"),
    ("CMakeLists.txt", ("room(estimate USES base", "room(estimate USES config"), "rooms: not the"),
    ("include/base/arena.h", '/* docs/ARCHITECTURE.md, "No such section" */', "section: docs/ARCH"),
]


def plant(root, file, fault):
    path = root / file
    text = path.read_text()
    if isinstance(fault, tuple):
        assert fault[0] in text, f"{file}: {fault[0]}"
        return path.write_text(text.replace(fault[0], fault[1], 1))
    head, _, rest = text.partition("\n")
    behind_heading = f"{head}\n\n{fault}\n\n{rest}"
    return path.write_text(behind_heading if file.endswith(".md") else f"{text}\n{fault}\n")


def copy_tree(sources, root):
    for name in sources.files:
        if NOT_READ & set(pathlib.PurePath(name).parts): continue
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)


def self_test(binary):
    """Plants all faults in one copy of the tree; each must be said."""
    with tempfile.TemporaryDirectory() as where:
        root = pathlib.Path(where)
        copy_tree(Sources(ROOT, binary), root)
        for file, fault, _ in PLANTED: plant(root, file, fault)
        said = "".join(f"{one}\n" for one in Judge(Sources(root, binary)).all())
    missed = [f"{file}: {fault}" for file, fault, must in PLANTED if must not in said]
    for one in missed: print("not found:", one)
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
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
