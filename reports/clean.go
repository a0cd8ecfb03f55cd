package reports

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most runes that reports show of a name, and of a message or a value. What is cut
// stands whole in result.json.
const (
	nameLimit = 120
	textLimit = 1000
)

// cleanName makes the name or id of something in the tenant fit to be shown.
func cleanName(s string) string { return clean(s, nameLimit) }

// cleanText makes a message or a value fit to be shown.
func cleanText(s string) string { return clean(s, textLimit) }

// Visible makes text of any length fit for a line of a terminal.
func Visible(s string) string { return clean(s, len(s)) }

// prose makes text that a rule's author wrote fit to be shown: runs of white space, which
// come from folded YAML, become one space.
func prose(s string) string { return clean(strings.Join(strings.Fields(s), " "), 4*textLimit) }

// clean returns s with every character that is not seen, or that changes how others are
// seen, written out as ⟨U+202E⟩: control characters (which drive terminals and break
// lines), format characters (which turn text round), line and paragraph separators, and
// bytes that are not UTF-8. More than limit runes are cut, with an ellipsis.
//
// What a CI server would take for a command when it stands in its log is written out in the
// same way: ##vso[ and ##[ wherever they stand, as Azure Pipelines finds them there, and ::
// that a line of GitHub Actions begins with.
//
// The attack is known as Trojan Source (CVE-2021-42574); the classes are Unicode's
// general categories Cc, Cf, Zl and Zp, and the code points that are no characters, which
// XML does not take.
func clean(s string, limit int) string {
	if plain(s) && len(s) <= limit && !strings.Contains(s, "##") && !commands(s) {
		return s
	}
	start := len(s) - len(strings.TrimLeft(s, " "))
	var b strings.Builder
	runes := 0
	for i, r := range s {
		if runes == limit {
			b.WriteRune('…')
			break
		}
		runes++
		switch {
		case r == utf8.RuneError && broken(s[i:]):
			fmt.Fprintf(&b, "⟨0x%02X⟩", s[i])
		case hidden(r), r == '#' && i > 0 && s[i-1] == '#' && opens(s[i+1:]), i == start && commands(s):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// broken says whether s starts with a byte that is not UTF-8.
func broken(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// commands says whether a line begins like a command of GitHub Actions.
func commands(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), "::") }

// opens says whether what stands behind ## makes it a command: a bracket, with or without a
// word before it.
func opens(rest string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(rest, unicode.IsLetter), "[")
}

func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point)
}

// plain says whether s is printable ASCII alone.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
