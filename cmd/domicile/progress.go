package main

import (
	"cmp"
	"fmt"
	"io"
	"sync"

	"github.com/domicile-audit/domicile/collectors"
)

// progress shows how far a collection has come: one line that is rewritten on a
// terminal, a line for each finished kind elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	quiet    bool
	// columns is the width of the terminal, beyond which a line can't be rewritten.
	columns int

	mu       sync.Mutex
	finished int
	objects  map[string]int
	requests map[string]int
}

func newProgress(a *app) *progress {
	return &progress{out: a.Stderr, terminal: a.StderrTerminal, quiet: a.quiet, columns: cmp.Or(a.columns(a.StderrTerminal), 80), objects: map[string]int{}, requests: map[string]int{}}
}

func (p *progress) show(step collectors.Progress) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects[step.Kind], p.requests[step.Kind] = step.Objects, step.Requests
	if step.Done {
		p.finished++
	}
	if p.terminal {
		p.rewrite(step)
	} else if step.Done {
		fmt.Fprintf(p.out, "collected %s\n", describe(step))
	}
}

// rewrite puts the sums and the latest kind on one line.
func (p *progress) rewrite(step collectors.Progress) {
	line := fmt.Sprintf("%s done, %s, %s; %s", count(p.finished, "kind"), count(sum(p.objects), "object"), count(sum(p.requests), "request"), describe(step))
	fmt.Fprintf(p.out, "\r\033[K%s", line[:min(len(line), p.columns-1)])
	if step.Done {
		fmt.Fprint(p.out, "\r\033[K")
	}
}

func describe(step collectors.Progress) string {
	line := fmt.Sprintf("%s: %s, %s", step.Kind, count(step.Objects, "object"), count(step.Requests, "request"))
	if step.Gap != "" {
		line += ", gap " + string(step.Gap)
	}
	return line
}

func sum(counts map[string]int) int {
	total := 0
	for _, count := range counts {
		total += count
	}
	return total
}
