package reports

import (
	"regexp"
	"strings"
	"unicode"
)

// In a SARIF message [text](target) is a link and {0} is replaced by an argument, in
// plain text too (SARIF 2.1.0, 3.11.5 and 3.11.6).
var (
	sarifLink        = regexp.MustCompile(`\[([^\]]*)\]\(`)
	sarifPlaceholder = regexp.MustCompile(`\{(\d+)\}`)
)

// inert takes from a message what a viewer would turn into a link or an argument: the
// brackets are escaped and the braces doubled, as the standard says.
func inert(s string) string {
	s = sarifLink.ReplaceAllString(s, `\[$1\](`)
	return sarifPlaceholder.ReplaceAllString(s, `{{$1}}`)
}

// pascalName makes a rule's name out of its title, as SARIF2012 wants it: PascalCase,
// letters and digits alone, and not the id.
func pascalName(title, id string) string {
	var b strings.Builder
	words := strings.FieldsFunc(strings.NewReplacer("'", "", "’", "").Replace(title), func(r rune) bool {
		return r > unicode.MaxASCII || (!unicode.IsLetter(r) && !unicode.IsDigit(r))
	})
	for _, word := range words {
		if b.Len() > 0 && b.Len()+len(word) > 80 {
			break
		}
		word = clean(word, 80)
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	out := strings.TrimSuffix(b.String(), "…")
	if out == "" || out == id || (out[0] >= '0' && out[0] <= '9') {
		return "Rule" + out
	}
	return out
}

// markdown escapes what HTML-aware Markdown would take for tags, links or emphasis.
func markdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "&", "&amp;", "~", `\~`, "<", "&lt;", ">", "&gt;", "[", `\[`, "]", `\]`, "`", "\\`", "*", `\*`, "_", `\_`, "|", `\|`).Replace(s)
}
