// Command domicile answers one question for a Microsoft 365 tenant, with evidence that
// an auditor can check: is Microsoft Defender XDR (once Microsoft Threat Protection)
// rightfully on, and does its data rest where it may?
//
// Each command is one arrow of the flow collect -> evidence -> evaluate -> findings ->
// report | remediate, and scan composes the first ones. This package alone reads flags, the environment and
// the clock, writes to stdout and decides on the exit code.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/alerts"
	"github.com/domicile-audit/domicile/internal/chromium"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/remediation"
	"github.com/domicile-audit/domicile/reports"
)

// version is set when the program is built, from the source's tag or commit.
var version = "0.0.0-dev" //nolint:gochecknoglobals // the linker sets it

func main() { os.Exit(run()) }

func run() int {
	debug.SetGCPercent(startGC)
	alerts.Guard(http.DefaultClient)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once what doesn't heed the first
	return Main(ctx, os.Args[1:], Environment{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: time.Now,
		StdoutTerminal: isTerminal(os.Stdout), StderrTerminal: isTerminal(os.Stderr), TerminalWidth: terminalWidth,
	})
}

// Environment is what the program takes from around it.
type Environment struct {
	// Stdin is where a person answers.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// StdoutTerminal and StderrTerminal say whether a person reads along.
	StdoutTerminal, StderrTerminal bool
	// TerminalWidth is the number of columns of the terminal, 0 where there is none.
	TerminalWidth func() int
	Getenv        func(string) string
	Now           func() time.Time
}

// The exit codes, in the order of their precedence.
const (
	exitUsage       = 2
	exitAuth        = 5
	exitInternal    = 1
	exitViolations  = 3
	exitIncomplete  = 4
	exitInterrupted = 130
)

// exitError ends the program with a code. A nil err ends it without a word, because
// everything was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// ExitCode is the code that the program ends with.
func (e *exitError) ExitCode() int { return e.code }

// usage marks an error as the user's to mend: a flag, a configuration, a rule.
func usage(err error) error {
	if err == nil {
		return nil
	}
	var known *exitError
	if errors.As(err, &known) {
		return err
	}
	return &exitError{exitUsage, err}
}

// Main runs the program with its arguments and returns the exit code.
func Main(ctx context.Context, args []string, env Environment) int {
	root := newRoot(env)
	root.SetArgs(args)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	command, err := root.ExecuteContextC(ctx)
	code := exitCode(ctx, err)
	var quiet *exitError
	if err != nil && (!errors.As(err, &quiet) || quiet.err != nil) {
		fmt.Fprintf(env.Stderr, "domicile: %s\n", visible(err))
		if hint := hintFor(command, err); hint != "" {
			fmt.Fprintf(env.Stderr, "hint: %s\n", hint)
		}
	}
	return code
}

// visible is an error's text, which may quote a server or a file, fit for a terminal.
func visible(err error) string {
	text := strings.ReplaceAll(err.Error(), context.Canceled.Error(), "interrupted")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = reports.Visible(line)
	}
	return strings.Join(lines, "\n")
}

func exitCode(ctx context.Context, err error) int {
	var known *exitError
	var auth *collectors.AuthError
	var tampered *evidence.TamperedError
	var refused *remediation.PlanError
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &known):
		return known.code
	case errors.As(err, &auth):
		return exitAuth
	case errors.As(err, &tampered), errors.As(err, &refused):
		return exitViolations
	case errors.Is(err, evidence.ErrInUse), errors.Is(err, chromium.ErrNotFound), beyondReach(err):
		return exitUsage
	default:
		return exitInternal
	}
}

// hintFor says what to do next, where the error itself doesn't.
func hintFor(command *cobra.Command, err error) string {
	var tampered *evidence.TamperedError
	switch {
	case errors.As(err, &tampered):
		return "it is not as it was written or signed; take it from where it was stored, or make it anew"
	case errors.Is(err, chromium.ErrNotFound):
		return "install one, or name it in the variable CHROME_PATH; or write the html report, open it in any browser and print it to PDF"
	case errors.Is(err, chromium.ErrNoPDF):
		return "name another browser in the variable CHROME_PATH; or write the html report, open it in any browser and print it to PDF"
	case errors.Is(err, context.Canceled) && command.Flags().Lookup("resume") != nil:
		return "evidence that is not whole stands under the bundle's name with .partial at its end, and scan or collect with --resume goes on from there (anew with --pseudonymise); a whole bundle stands under its name, and evaluate judges it"
	case beyondReach(err):
		return "see that the path is right and that you may use it, or name another"
	default:
		return history.Hint(err)
	}
}

// beyondReach says whether a file or folder isn't there, may not be used or isn't one, which
// is the user's to mend.
func beyondReach(err error) bool {
	for _, cause := range []error{scan.ErrNotFile, fs.ErrPermission, fs.ErrNotExist, syscall.ENOTDIR, syscall.EISDIR, syscall.EROFS, syscall.ELOOP, syscall.ENAMETOOLONG} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

func terminalWidth() int {
	for _, file := range []*os.File{os.Stdout, os.Stderr} {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil {
			return columns
		}
	}
	return 0
}
