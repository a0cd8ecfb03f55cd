package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/domicile-audit/domicile/findings"
)

// TextOptions say how Text may write. The zero value is right for a file.
type TextOptions struct {
	// Color adds terminal colours. Nothing is said by colour alone.
	Color bool
	// Width is where lines are broken, in the columns of a terminal: 80 if it is 0, and never
	// less than 40.
	Width int
}

// The most that the text report shows of the findings of a rule of high or critical
// severity (of others it shows one), of the rules that are unknown, and of the waivers.
const (
	textFindings = 3
	textUnknown  = 12
	textWaivers  = 12
)

// Text writes the Result as plain text that a person can act on: what was judged, how much of
// it, every rule that is violated and how to mend it, what could not be judged, and the exit
// code. Summary says the most important of it on one screen.
func Text(w io.Writer, result *findings.Result, options TextOptions) error {
	page := newTextPage(options)
	result = result.Normalised()
	page.scope(result)
	page.verdict(result)
	page.failures(result)
	page.unknown(result)
	page.waivers(result)
	page.remediations(result)
	page.end(result)
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("writing the text report: %w", err)
	}
	return nil
}

// textPage collects the lines of a text report.
type textPage struct {
	bytes.Buffer
	color bool
	width int
}

func newTextPage(options TextOptions) *textPage {
	if options.Width == 0 {
		options.Width = 80
	}
	return &textPage{color: options.Color, width: max(options.Width, 40)}
}

// The terminal's colours (ECMA-48, SGR) that the report uses.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "33"
	green  = "32"
	blue   = "34"
	faint  = "2"
)

// paint puts s in a colour, if colours are wanted.
func (p *textPage) paint(code, s string) string {
	if !p.color || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// line writes a line. One that was broken so that it begins like a command of a CI server
// gets a mark before it.
func (p *textPage) line(s string) {
	if commands(s) {
		s = strings.Replace(s, "::", "⟨U+003A⟩:", 1)
	}
	fmt.Fprintln(p, strings.TrimRight(s, " "))
}

// wrap writes a label and a text, broken at spaces, the further lines under the first
// character of the text. color is that of the label.
func (p *textPage) wrap(indent int, label, color, s string) {
	lead, hang := strings.Repeat(" ", indent), width(label)
	if p.width-indent-hang < 20 {
		p.line(lead + p.paint(color, strings.TrimRight(label, " ")))
		lead, label, hang = lead+"  ", "", 0
	}
	for i, row := range breakLines(s, p.width-len(lead)-hang) {
		if i == 0 {
			p.line(lead + p.paint(color, label) + row)
			continue
		}
		p.line(lead + strings.Repeat(" ", hang) + row)
	}
}

// breakLines breaks s at spaces into lines of at most room columns; a longer word is cut
// where the line ends.
func breakLines(s string, room int) []string {
	var rows []string
	row := ""
	for word := range strings.FieldsSeq(s) {
		if row != "" && width(row)+1+width(word) > room {
			rows, row = append(rows, row), ""
		}
		if row != "" {
			row += " "
		}
		row += word
		for width(row) > room {
			head := row[:fits(row, room)]
			rows, row = append(rows, head), row[len(head):]
		}
	}
	if row != "" || len(rows) == 0 {
		rows = append(rows, row)
	}
	return rows
}

// width is the number of a terminal's columns that s takes: two for a wide character, none
// for one that is put over another (UAX 11, UAX 29).
func width(s string) int { return uniseg.StringWidth(s) }

// fits is how many bytes of s fit into room columns, with no character taken apart; at least
// the first one.
func fits(s string, room int) int {
	taken, rest, state := 0, s, -1
	for rest != "" {
		var character string
		var columns int
		character, rest, columns, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if room -= columns; room < 0 && taken > 0 {
			break
		}
		taken += len(character)
	}
	return taken
}

// shorten cuts s to room columns, with an ellipsis where something is left out.
func shorten(s string, room int) string {
	if width(s) <= room {
		return s
	}
	return strings.TrimRight(s[:fits(s, room-1)], " ") + "…"
}

func outcomeColor(outcome findings.Outcome) string {
	switch outcome {
	case findings.Fail:
		return red
	case findings.Unknown:
		return yellow
	case findings.Waived:
		return blue
	case findings.Pass:
		return green
	case findings.NotApplicable:
	}
	return faint
}

func severityColor(severity findings.Severity) string {
	switch severity {
	case findings.Critical, findings.High:
		return red
	case findings.Medium:
		return yellow
	case findings.Low, findings.Info:
	}
	return bold
}
