// Command bench measures domicile against the tools that judge the same evidence with the same
// rules: opa eval, conftest, and a check written by hand.
//
// It generates evidence, hands it to each program in the form that the program reads, runs them
// by turns, and prints their CPU, wall time and peak memory. It also makes results of many
// findings for what renders them. It is no part of the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"github.com/domicile-audit/domicile/policies"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1) //nolint:forbidigo // a program of its own
	}
}

func run(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context, []string) error{"generate": generateCommand, "findings": findingsCommand, "floor": floorCommand, "run": runCommand, "measure": measureCommand}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("want generate, findings, floor or run; each shows its flags with -h")
	}
	return commands[args[0]](ctx, args[1:])
}

// generateCommand writes evidence, and what the other programs need of it.
func generateCommand(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	var o tenantOptions
	flags.IntVar(&o.Objects, "objects", 10_000, "objects of the large kinds together")
	flags.IntVar(&o.Applications, "applications", 0, "service principals among them (0: 5 %)")
	flags.Uint64Var(&o.Seed, "seed", 1, "equal seeds give equal bytes")
	out := flags.String("out", "", "folder to write into")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" {
		return errors.New("generate needs -out")
	}
	set, err := policies.Read(policies.Builtin())
	if err != nil {
		return err
	}
	return generate(set, *out, o)
}

// floorCommand prints the findings of the check by hand, one a line.
func floorCommand(_ context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("floor wants the folder of a bundle")
	}
	return floor(os.Stdout, args[0])
}

// numbers reads a list of numbers, separated by spaces or commas.
func numbers(text string) ([]int, error) {
	var list []int
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a number from 1", word)
		}
		list = append(list, n)
	}
	return list, nil
}

func ids(rules []policies.Rule) []string {
	names := make([]string, 0, len(rules))
	for _, rule := range rules {
		names = append(names, rule.ID)
	}
	return names
}
