package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are what people read: the README, CONTRIBUTING and docs.
func documents(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(found, "../../README.md", "../../CONTRIBUTING.md")
}

// TestDocumentsNameCommandsThatExist: every command line that stands in a document, in a block or
// in a line of text, has a command that there is and flags that it takes.
func TestDocumentsNameCommandsThatExist(t *testing.T) {
	block := regexp.MustCompile(`(?m)^ {4,}(?:\w+=\S+ )*(?:bin/)?domicile ([^#|>;&\\\n]+)`)
	inline := regexp.MustCompile("`(?:bin/)?domicile ([^`|<>;&]+)`")
	quoted := regexp.MustCompile(`"[^"]*"|'[^']*'`)
	seen := 0
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range append(block.FindAllStringSubmatch(string(text), -1), inline.FindAllStringSubmatch(string(text), -1)...) {
			seen++
			args := strings.Fields(quoted.ReplaceAllString(line[1], "text"))
			command, rest, err := newRoot(Environment{}).Find(args)
			if err != nil || !command.HasParent() && args[0] != "--help" {
				t.Errorf("%s: domicile %s: there is no such command", filepath.Base(file), line[1])
				continue
			}
			err = command.ParseFlags(rest)
			if named := command.Flags().Args(); err == nil && len(named) > 0 && command.HasSubCommands() {
				err = command.ValidateArgs(named)
			}
			if err != nil && !strings.Contains(err.Error(), "help requested") {
				t.Errorf("%s: domicile %s: %v", filepath.Base(file), line[1], err)
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d command lines were found, want all", seen)
	}
}

// TestDocumentsLinkToFilesThatExist: a link from a document leads to a file that there is.
func TestDocumentsLinkToFilesThatExist(t *testing.T) {
	link := regexp.MustCompile(`(?:\]\(|src(?:set)?=")([^)"#: ]+)[)"#]`)
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), to[1])); err != nil {
				t.Errorf("%s links to %s: %v", filepath.Base(file), to[1], err)
			}
		}
	}
}
