package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/simulator"
	"github.com/domicile-audit/domicile/reports"
)

// app is what every command shares: the surroundings and the common flags.
type app struct {
	Environment
	quiet   bool
	noColor bool
	logForm string
}

func newRoot(env Environment) *cobra.Command {
	a := &app{Environment: env}
	root := &cobra.Command{
		Use:   "domicile",
		Short: "Checks that Microsoft Defender XDR is rightfully on and its data rests where it may",
		Long: `domicile checks a Microsoft 365 tenant: is Microsoft Defender XDR (once Microsoft
Threat Protection) rightfully on, and does its data rest where it may? It reads the
tenant through Microsoft's APIs, keeps what it read as evidence, judges the evidence
with rules, and reports. It only reads: remediate apply and rollback alone change anything,
with an application of their own.

  domicile scan --demo             try it on a simulated tenant, no account needed
  domicile serve --demo            see it scan some on schedules, in the browser
  domicile scan --tenant contoso   scan a tenant of ./domicile.yaml

Exit codes: 0 clean; 1 internal error; 2 usage, configuration or rule error, a path that
can't be used, or a folder in use; 3 violations at or above --fail-on (or tampered
evidence, a signature that doesn't hold, another result than expected, a difference, a
failed test, an unsound statement or waiver, a change not made); 4 nothing found, but
something could not be judged, or for collect read; 5 authentication failed; 130 interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.logForm != "text" && a.logForm != "json" {
				return usage(fmt.Errorf("--log %q is not text or json", a.logForm))
			}
			return nil
		},
		RunE: showHelp,
	}
	root.PersistentFlags().BoolVar(&a.quiet, "quiet", false, "write errors only, besides what was asked for")
	root.PersistentFlags().BoolVar(&a.noColor, "no-color", false, "write no colour (the variable NO_COLOR does the same)")
	root.PersistentFlags().StringVar(&a.logForm, "log", "text", "form of log lines: text or json")
	offer(root, "log", "text", "json")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(
		newScan(a), newCollect(a), newEvaluate(a), newReport(a), newRemediate(a), newVerify(a), newPack(a), newUnpack(a), newKey(a), newPseudonym(a),
		newDiff(a), newHistory(a), newFleet(a), newServe(a), newAlerts(a),
		newPolicy(a), newAttest(a), newWaive(a), newConfig(a), newPermissions(a), newDoctor(a), newSimulate(a), newVersion(a),
	)
	root.Version = version
	root.SetVersionTemplate(versionLine())
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		if command.HasSubCommands() && command.RunE == nil {
			command.Args, command.RunE = knownCommand, showHelp
		}
	}
	asUsage(root)
	offerTenants(root)
	a.explain(root)
	return root
}

// newSchema prints a JSON Schema of something.
func newSchema(a *app, of string, schema func() []byte) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of " + of,
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.Stdout.Write(schema())
			return err
		},
	}
}

// group is a command that only has commands below it, which newRoot makes it show.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short}
	cmd.AddCommand(commands...)
	return cmd
}

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// knownCommand refuses a command that doesn't exist and suggests what was meant.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		return fmt.Errorf("%w; did you mean %s?", err, strings.Join(similar, " or "))
	}
	return fmt.Errorf("%w; %s --help lists them", err, cmd.CommandPath())
}

// asUsage makes wrong arguments the user's error, for a command and those below it.
func asUsage(command *cobra.Command) {
	if check := command.Args; check != nil {
		command.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if err != nil && (!cmd.HasSubCommands() || strings.Contains(cmd.Use, " ")) {
				err = fmt.Errorf("%w; usage: %s", err, cmd.UseLine())
			}
			return usage(err)
		}
	}
	for _, child := range command.Commands() {
		asUsage(child)
	}
}

// logger writes to stderr, warnings and worse only.
func (a *app) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelWarn}
	if a.logForm == "json" {
		return slog.New(slog.NewJSONHandler(a.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(a.Stderr, options))
}

// say writes a line for people to stderr, unless they asked for quiet.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.Stderr, format+"\n", args...)
	}
}

// color says whether a writer may be coloured.
func (a *app) color() bool {
	return a.StdoutTerminal && !a.noColor && a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb"
}

// columns is the width of lines: what COLUMNS says, else what the terminal has, else 0.
func (a *app) columns(terminal bool) int {
	if columns, err := strconv.Atoi(a.Getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	if terminal {
		return a.TerminalWidth()
	}
	return 0
}

// textOptions say how text for people is written to stdout.
func (a *app) textOptions() reports.TextOptions {
	return reports.TextOptions{Color: a.color(), Width: a.columns(a.StdoutTerminal)}
}

func (a *app) tool() findings.Tool { return findings.Tool{Name: "domicile", Version: version} }

// clock tells the time: a fixed one where --now names it.
func (a *app) clock(now string) (func() time.Time, error) {
	if now == "" {
		return a.Now, nil
	}
	fixed, err := time.Parse(time.RFC3339, now)
	if err != nil {
		if fixed, err = time.Parse(time.DateOnly, now); err != nil {
			return nil, usage(fmt.Errorf("--now %q is neither a time such as 2026-11-21T08:00:00Z nor a day", now))
		}
	}
	return fixed.UTC, nil
}

// offer lets a shell complete a flag with the words that it takes.
func offer(cmd *cobra.Command, flag string, words ...string) {
	// The only errors are a flag that isn't there and one that has words already.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// offerTenants lets a shell complete --tenant of a command, and of those below it, with the names
// that the configuration has, or the simulated ones.
func offerTenants(command *cobra.Command) {
	if flags := command.Flags(); flags.Lookup("tenant") != nil && flags.Lookup("config") != nil {
		// The only error is that the flag has words already.
		_ = command.RegisterFlagCompletionFunc("tenant", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			if demo := flags.Lookup("demo"); demo != nil && demo.Changed {
				return simulator.Names(), cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			if cfg, err := config.Read(cmp.Or(flags.Lookup("config").Value.String(), config.FileName)); err == nil {
				for _, tenant := range cfg.Tenants {
					names = append(names, tenant.Name)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		})
	}
	for _, child := range command.Commands() {
		offerTenants(child)
	}
}

// count is a number and a noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// columns is a table writer's smaller sister: it pads all cells but the last.
func columns(w io.Writer, rows [][]string) {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
