package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// The width of help where nobody says it, and the greatest, as wider lines are hard to read.
const (
	helpWidth  = 80
	widestHelp = 100
)

// explain has a command, and those below it, explain themselves within the width of the terminal.
func (a *app) explain(root *cobra.Command) {
	usage := root.UsageTemplate()
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		width := min(cmp.Or(a.columns(a.StdoutTerminal), helpWidth), widestHelp)
		root.SetUsageTemplate(strings.ReplaceAll(usage, ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", width)))
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s", filled(strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short)), width), cmd.UsageString())
	})
}

// cell is where the text of a line begins that has a word, or a few, and two spaces before it.
var cell = regexp.MustCompile(`^\s+\S+(?: \S+)*\s{2,}`)

// filled breaks the paragraphs of a text anew into lines of at most a width. A line that is
// indented stays one, and what doesn't fit goes on beneath its text.
func filled(text string, width int) string {
	type block struct {
		head  string // what stands before the words
		words []string
	}
	var blocks []block
	for line := range strings.SplitSeq(text, "\n") {
		head := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if first := cell.FindString(line); first != "" {
			head = first
		}
		words := strings.Fields(line[len(head):])
		if last := len(blocks) - 1; last >= 0 && head == "" && len(words) > 0 && blocks[last].head == "" && len(blocks[last].words) > 0 {
			blocks[last].words = append(blocks[last].words, words...)
			continue
		}
		blocks = append(blocks, block{head, words})
	}
	var out []string
	for _, b := range blocks {
		line, begun := b.head, false
		for _, word := range b.words {
			if begun && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				out = append(out, line)
				line, begun = strings.Repeat(" ", utf8.RuneCountInString(b.head)), false
			}
			if begun {
				line += " "
			}
			line, begun = line+word, true
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
