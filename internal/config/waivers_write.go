package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/domicile-audit/domicile/findings"
)

// emptyWaivers is what a file of waivers begins with.
const emptyWaivers = "# Violations that are accepted for a time; domicile waive check checks this file.\nversion: 1\nwaivers: []\n"

// AppendWaiver returns the text of a file of waivers with one more at the end of the list;
// comments, order and layout of what is there stay. Without a text it begins one. It refuses
// what ParseWaivers refuses, of the waiver and of the text.
func AppendWaiver(data []byte, file string, waiver findings.Waiver, maxDays int) ([]byte, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		data = []byte(emptyWaivers)
	}
	if err := waiver.Check(maxDays); err != nil {
		return nil, err
	}
	earlier, err := ParseWaivers(data, file, maxDays)
	if err != nil {
		return nil, err
	}
	written, err := inserted(data, waiver)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	waiver = waiver.Identify()
	got, err := ParseWaivers(written, file, maxDays)
	if err != nil && slices.ContainsFunc(earlier, func(w findings.Waiver) bool { return w.ID == waiver.ID }) {
		return nil, err
	}
	if err != nil || !slices.Equal(got, append(earlier, waiver)) {
		return nil, fmt.Errorf("%s: its list is not laid out so that one can be added; add this by hand:\n%s", file, waiverText(waiver, ""))
	}
	return written, nil
}

// inserted is a text with a waiver after the last one. The text has been parsed before.
func inserted(data []byte, waiver findings.Waiver) ([]byte, error) {
	body, err := parseWaivers(data)
	if err != nil {
		return nil, err
	}
	lines := slices.Collect(bytes.Lines(data))
	indent, end, passed := "  ", len(lines), false
	for _, member := range members(body) {
		list, isList := member.Value.(*ast.SequenceNode)
		switch {
		case passed:
			end = min(end, line(member)-1)
		case !isList:
		case len(list.Values) == 0:
			at := line(list) - 1
			lines[at] = bytes.Replace(lines[at], []byte(" []"), nil, 1)
			end, passed = at+1, true
		default:
			indent, passed = strings.Repeat(" ", list.Start.Position.Column-1), true
		}
	}
	text := waiverText(waiver, indent)
	if bytes.Contains(data, []byte("\r\n")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	before := bytes.Join(lines[:end], nil)
	if !bytes.HasSuffix(before, []byte("\n")) {
		before = append(before, '\n')
	}
	return slices.Concat(before, []byte(text), bytes.Join(lines[end:], nil)), nil
}

// plainWord is what needs no quotes in YAML: the ids of rules, and the kinds of resources.
var plainWord = regexp.MustCompile(`^([A-Z]+[0-9]+|[a-z]+(_[a-z]+)*)$`)

// waiverText is a waiver as an item of a list.
func waiverText(w findings.Waiver, indent string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s- rule: %s\n", indent, quoted(w.Rule))
	member := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&out, "%s  %s: %s\n", indent, name, value)
		}
	}
	member("resource", fmt.Sprintf("{kind: %s, id: %s}", quoted(w.Resource.Kind), quoted(w.Resource.ID)))
	if w.Accept == findings.Unknown {
		member("accept", string(w.Accept))
	}
	member("reason", quoted(w.Reason))
	member("owner", quoted(w.Owner))
	member("approver", quoted(w.Approver))
	member("ticket", quoted(w.Ticket))
	member("approved", w.Approved)
	if w.From != w.Approved {
		member("from", w.From)
	}
	member("expires", w.Expires)
	return out.String()
}

// quoted is a text in double quotes, which YAML reads as JSON does, unless it needs none.
func quoted(s string) string {
	if plainWord.MatchString(s) && s != "true" && s != "false" && s != "null" {
		return s
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a text can always be encoded, and a buffer takes it
	return strings.TrimSpace(out.String())
}
