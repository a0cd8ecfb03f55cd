package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestHelpFitsTheTerminal: the help of every command fits into 80 columns, where the terminal has
// these and where nobody says how many there are; and a narrow one breaks its text.
func TestHelpFitsTheTerminal(t *testing.T) {
	for columns, most := range map[string]int{"80": 80, "": 80, "300": 100} {
		var visit func(path ...string)
		visit = func(path ...string) {
			var out bytes.Buffer
			root := newRoot(Environment{Stdout: &out, Stderr: &out, Getenv: func(name string) string { return map[string]string{"COLUMNS": columns}[name] }})
			root.SetOut(&out)
			root.SetArgs(append(path, "--help"))
			if err := root.Execute(); err != nil {
				t.Fatalf("domicile %s --help: %v", strings.Join(path, " "), err)
			}
			for line := range strings.Lines(out.String()) {
				if utf8.RuneCountInString(strings.TrimRight(line, "\n")) > most {
					t.Errorf("domicile %s --help, COLUMNS=%s: %q is wider than %d columns", strings.Join(path, " "), columns, line, most)
				}
			}
			command, _, err := root.Find(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, child := range command.Commands() {
				visit(append(path, child.Name())...)
			}
		}
		visit()
	}
}

// TestHelpIsFilled: paragraphs are broken anew, and what stands in columns goes on in its column.
func TestHelpIsFilled(t *testing.T) {
	const text = "one two\nthree four five\n\n  html  a page to\n  pdf   summary and violations\n\tcode as it is\nsix"
	const want = "one two three\nfour five\n\n  html  a page\n        to\n  pdf   summary\n        and\n        violations\n\tcode as it is\nsix"
	if got := filled(text, 14); got != want {
		t.Errorf("filled() = %q, want %q", got, want)
	}
}
