package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/policies"
)

// programs are the files that are measured.
type programs struct{ domicile, opa, conftest, self string }

// cost is what one run of a program took.
type cost struct {
	Wall   time.Duration `json:"wall"`
	CPU    time.Duration `json:"cpu"`
	Memory int64         `json:"memory"` // peak resident set, in bytes
}

// command is a program that judges, and how its findings are counted.
type command struct {
	name string
	args []string
	// count says how many findings the run made, of what it wrote to standard output.
	count func(output string) (int, error)
	// memory is what a run takes an object; zero where it doesn't grow much.
	memory int64
}

func runCommand(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	var p programs
	flags.StringVar(&p.domicile, "domicile", "bin/domicile", "the program itself")
	flags.StringVar(&p.opa, "opa", "", "opa; empty leaves it out")
	flags.StringVar(&p.conftest, "conftest", "", "conftest; empty leaves it out")
	sizes := flags.String("sizes", "1000 10000 100000 1000000", "numbers of objects")
	only := flags.String("sets", "paged byhand", "sets of rules: all, paged and byhand; empty takes all three")
	rounds := flags.Int("rounds", 3, "rounds that count; one goes before them")
	dir := flags.String("dir", "", "folder for the evidence; it is kept (default: a temporary one)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	objects, err := numbers(*sizes)
	if err != nil {
		return err
	}
	if *rounds < 1 {
		return errors.New("-rounds wants a number from 1")
	}
	if p.self, err = os.Executable(); err != nil {
		return err
	}
	set, err := policies.Read(policies.Builtin())
	if err != nil {
		return err
	}
	if *dir == "" {
		if *dir, err = os.MkdirTemp("", "domicile-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(*dir)
	}
	b := bench{programs: p, set: set, dir: *dir, rounds: *rounds, out: os.Stdout}
	if err := b.head(ctx); err != nil {
		return err
	}
	for _, n := range objects {
		if err := b.size(ctx, n, strings.Fields(*only)); err != nil {
			return err
		}
	}
	return nil
}

type bench struct {
	programs
	set    *policies.Set
	dir    string
	rounds int
	out    io.Writer
}

// head prints the machine and what the program costs when it judges nothing.
func (b *bench) head(ctx context.Context) error {
	total, _ := memory()
	fmt.Fprintf(b.out, "Machine: %d processors, %s of memory, %s, %s/%s. Medians of %d rounds after one that doesn't count.\n\n",
		runtime.NumCPU(), size(total), runtime.Version(), runtime.GOOS, runtime.GOARCH, b.rounds)
	version := command{name: "domicile version", args: []string{b.domicile, "version"}, count: func(string) (int, error) { return 0, nil }}
	costs, err := b.interleave(ctx, []command{version})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "`domicile version`: %d ms of CPU, %s.\n", costs[0].CPU.Milliseconds(), size(costs[0].Memory))
	return nil
}

// size measures every set of rules over evidence of some size.
func (b *bench) size(ctx context.Context, objects int, only []string) error {
	dir := filepath.Join(b.dir, strconv.Itoa(objects))
	if err := b.generate(ctx, dir, objects); err != nil {
		return err
	}
	for _, rules := range ruleSets(b.set) {
		if len(only) > 0 && !slices.Contains(only, rules.name) {
			continue
		}
		commands, left := b.commands(dir, objects, rules)
		fmt.Fprintf(b.out, "\n### %d objects, %s\n\n", objects, rules.title())
		for _, name := range left {
			fmt.Fprintf(b.out, "%s is left out: it would take more memory than is free.\n\n", name)
		}
		costs, err := b.interleave(ctx, commands)
		if err != nil {
			return err
		}
		b.table(commands, costs)
	}
	return nil
}

// generate makes the evidence in a process of its own, unless the folder has it already.
func (b *bench) generate(ctx context.Context, dir string, objects int) error {
	if _, err := os.Stat(filepath.Join(dir, inputFile)); err == nil {
		return nil
	}
	make := exec.CommandContext(ctx, b.self, "generate", "-objects", strconv.Itoa(objects), "-out", dir) //nolint:gosec // this program itself
	make.Stderr = os.Stderr
	return make.Run()
}

// commands are the programs over one folder, domicile first, and the names of those for which
// there isn't enough memory.
func (b *bench) commands(dir string, objects int, rules ruleSet) (commands []command, left []string) {
	bundle, input, policy := filepath.Join(dir, bundleDir), filepath.Join(dir, inputFile), filepath.Join(dir, rules.name)
	result := filepath.Join(dir, "result-"+rules.name)
	all := []command{{
		name:  "domicile evaluate",
		args:  evaluate(b.domicile, dir, rules, result),
		count: func(string) (int, error) { return countResult(filepath.Join(result, "result.json")) },
	}}
	if b.opa != "" {
		all = append(all, command{
			name: "opa eval", args: []string{b.opa, "eval", "--format", "json", "--data", policy, "--input", input, "data.main.deny"}, count: countOPA, memory: 9 << 10,
		})
	}
	if b.conftest != "" {
		all = append(all, command{
			name: "conftest test", args: []string{b.conftest, "test", "--no-fail", "--output", "json", "--policy", policy, input}, count: countConftest, memory: 9 << 10,
		})
	}
	if rules.byHand() {
		all = append(all, command{
			name: "check by hand", args: []string{b.self, "floor", bundle},
			count: func(output string) (int, error) { return strings.Count(output, "\n"), nil },
		})
	}
	_, free := memory()
	for _, command := range all {
		if command.memory*int64(objects) > free {
			left = append(left, command.name)
			continue
		}
		commands = append(commands, command)
	}
	return commands, left
}

// evaluate is the command line that judges a generated folder by some rules.
func evaluate(domicile, dir string, rules ruleSet, out string) []string {
	return []string{
		domicile, "evaluate", filepath.Join(dir, bundleDir), "--config", filepath.Join(dir, configFile), "--rule", strings.Join(ids(rules.rules), ","),
		"--format", "json", "--out", out, "--quiet", "--fail-on", "never", "--allow-incomplete",
	}
}

// interleave runs the commands by turns and returns the medians of each. It is an error that one
// finds more or less than another.
func (b *bench) interleave(ctx context.Context, commands []command) ([]cost, error) {
	costs := make([][]cost, len(commands))
	found := make([]int, len(commands))
	for round := range b.rounds + 1 {
		for i, command := range commands {
			took, output, err := b.measure(ctx, command.args)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", command.name, err)
			}
			if round == 0 {
				if found[i], err = command.count(output); err != nil {
					return nil, fmt.Errorf("counting the findings of %s: %w", command.name, err)
				}
				continue
			}
			costs[i] = append(costs[i], took)
		}
	}
	for i, command := range commands {
		if found[i] != found[0] {
			return nil, fmt.Errorf("%s finds %d and %s %d: they don't do the same work", commands[0].name, found[0], command.name, found[i])
		}
	}
	if found[0] > 0 {
		fmt.Fprintf(b.out, "%d findings, the same number of each program.\n\n", found[0])
	}
	medians := make([]cost, len(commands))
	for i, of := range costs {
		medians[i] = cost{
			Wall:   median(of, func(c cost) time.Duration { return c.Wall }),
			CPU:    median(of, func(c cost) time.Duration { return c.CPU }),
			Memory: median(of, func(c cost) int64 { return c.Memory }),
		}
	}
	return medians, nil
}

func median[T cmp.Ordered](costs []cost, of func(cost) T) T {
	values := make([]T, 0, len(costs))
	for _, cost := range costs {
		values = append(values, of(cost))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// measure runs a program. It does so through measureCommand: the system counts what a process
// held before it became another program, which here would be this one's memory.
func (b *bench) measure(ctx context.Context, args []string) (took cost, output string, err error) {
	note := filepath.Join(b.dir, "cost.json")
	var stdout, stderr bytes.Buffer
	process := exec.CommandContext(ctx, b.self, slices.Concat([]string{"measure", note}, args)...) //nolint:gosec // this program itself
	process.Stdout, process.Stderr = &stdout, &stderr
	if err := process.Run(); err != nil {
		return cost{}, "", fmt.Errorf("%w: %s%s", err, stderr.String(), stdout.String())
	}
	text, err := os.ReadFile(note)
	if err != nil {
		return cost{}, "", err
	}
	return took, stdout.String(), json.Unmarshal(text, &took)
}

// measureCommand runs a program and notes in a file what it took.
func measureCommand(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errors.New("measure wants a file and a program")
	}
	process := exec.CommandContext(ctx, args[1], args[2:]...) //nolint:gosec // the programs that the caller names
	process.Stdout, process.Stderr = os.Stdout, os.Stderr
	start := time.Now() //nolint:forbidigo // measuring time is what it is for
	err := process.Run()
	wall := time.Since(start)
	if err != nil {
		return err
	}
	state := process.ProcessState
	memory, err := peakMemory(state)
	if err != nil {
		return err
	}
	note, err := json.Marshal(cost{Wall: wall, CPU: state.UserTime() + state.SystemTime(), Memory: memory})
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], note, 0o600)
}

func (b *bench) table(commands []command, costs []cost) {
	fmt.Fprintln(b.out, "| | wall s | CPU s | peak MiB | wall | CPU | memory |")
	fmt.Fprintln(b.out, "|---|--:|--:|--:|--:|--:|--:|")
	for i, command := range commands {
		ratio := func(a, of float64) string { return strconv.FormatFloat(a/of, 'f', 2, 64) }
		fmt.Fprintf(b.out, "| %s | %.2f | %.2f | %.0f | %s | %s | %s |\n", command.name,
			costs[i].Wall.Seconds(), costs[i].CPU.Seconds(), float64(costs[i].Memory)/(1<<20),
			ratio(costs[0].Wall.Seconds(), costs[i].Wall.Seconds()), ratio(costs[0].CPU.Seconds(), costs[i].CPU.Seconds()),
			ratio(float64(costs[0].Memory), float64(costs[i].Memory)))
	}
}

// memory is how much the machine has and how much of it is free, in bytes.
func memory() (total, free int64) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "MemTotal:":
			total = kib << 10
		case "MemAvailable:":
			free = kib << 10
		}
	}
	return total, free
}

func size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.0f GiB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20))
}

func countResult(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	result, err := findings.Read(file)
	if err != nil {
		return 0, err
	}
	for _, rule := range result.Rules {
		if rule.Outcome == findings.Unknown {
			return 0, fmt.Errorf("rule %s couldn't be judged: %v", rule.ID, rule.Reasons)
		}
	}
	return len(result.Findings), nil
}

func countOPA(output string) (int, error) {
	var said struct {
		Result []struct {
			Expressions []struct {
				Value []json.RawMessage `json:"value"`
			} `json:"expressions"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(output), &said); err != nil {
		return 0, err
	}
	if len(said.Result) != 1 || len(said.Result[0].Expressions) != 1 {
		return 0, errors.New("it gave no result")
	}
	return len(said.Result[0].Expressions[0].Value), nil
}

func countConftest(output string) (int, error) {
	var said []struct {
		Failures []json.RawMessage `json:"failures"`
	}
	err := json.Unmarshal([]byte(output), &said)
	total := 0
	for _, file := range said {
		total += len(file.Failures)
	}
	return total, err
}
