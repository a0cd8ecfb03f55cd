package collectors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Byte order marks, which Windows PowerShell 5 writes in front of what it saves.
var (
	markUTF8    = []byte{0xEF, 0xBB, 0xBF}
	markUTF16LE = []byte{0xFF, 0xFE}
	markUTF16BE = []byte{0xFE, 0xFF}
)

// decodeText turns a text file into UTF-8 without a byte order mark. UTF-16 is known by
// its mark. Text has no NUL; what has one is UTF-16 without its mark, UTF-32, or no text.
func decodeText(data []byte) (text []byte, err error) {
	switch {
	case bytes.HasPrefix(data, markUTF8):
		text = data[len(markUTF8):]
	case bytes.HasPrefix(data, markUTF16LE):
		text, err = decodeUTF16(data[len(markUTF16LE):], binary.LittleEndian)
	case bytes.HasPrefix(data, markUTF16BE):
		text, err = decodeUTF16(data[len(markUTF16BE):], binary.BigEndian)
	default:
		text = data
	}
	if err == nil && (!utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0) {
		err = errors.New("reading its text: it is neither UTF-8 nor UTF-16 with a byte order mark; save it as UTF-8")
	}
	return text, err
}

func decodeUTF16(data []byte, order binary.ByteOrder) ([]byte, error) {
	if len(data)%2 != 0 {
		return nil, errors.New("reading its text: it is UTF-16 with half a character at the end; save it again as UTF-8")
	}
	units := make([]uint16, 0, len(data)/2)
	for pair := range slices.Chunk(data, 2) {
		units = append(units, order.Uint16(pair))
	}
	return []byte(string(utf16.Decode(units))), nil
}

// jsonObject reads text that is one JSON object and nothing else.
func jsonObject(text []byte) (map[string]json.RawMessage, bool) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' {
		return nil, false
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, false
	}
	return object, true
}

// damagedJSON tells why text that begins like a JSON object or list isn't one, nil for
// other text.
func damagedJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return nil
	}
	var whole json.RawMessage
	return json.Unmarshal(text, &whole)
}

// jsonText is the string that raw holds, "" for anything else.
func jsonText(raw json.RawMessage) string {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return ""
	}
	return text
}

// jsonValue reads raw with its numbers as they are written.
func jsonValue(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("reading its JSON: %w", err)
	}
	if name := repeatedName(raw, maxJSONLevels); name != "" {
		return nil, fmt.Errorf("reading its JSON: an object has the field %q twice, and nobody can tell which counts; save the file again", name)
	}
	return value, nil
}

// maxJSONLevels is deeper than Go's decoder reads.
const maxJSONLevels = 1 << 20

// repeatedName returns a name that an object of a JSON text has twice, letter case aside,
// "" when none has. Objects below the given number of levels are not looked at.
func repeatedName(text []byte, levels int) string {
	type container struct {
		names map[string]bool // nil for a list
		value bool            // the next token is the value of a name
	}
	var open []container
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 && open[len(open)-1].names != nil {
			in := &open[len(open)-1]
			if name, _ := token.(string); !in.value {
				if folded := strings.ToLower(name); len(open) > levels || !in.names[folded] {
					in.names[folded] = true
				} else {
					return name
				}
			}
			in.value = !in.value
		}
		switch token {
		case json.Delim('{'):
			open = append(open, container{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, container{})
		}
	}
}

// asList is value as a list: PowerShell's ConvertTo-Json writes a list of one as its only
// element, and a string may hold a list that was converted before.
func asList(value any) []any {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		return value
	case string:
		if inner, err := jsonValue([]byte(value)); err == nil && strings.HasPrefix(strings.TrimSpace(value), "[") {
			return asList(inner)
		}
	}
	return []any{value}
}

var (
	guidPattern     = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
	hashPattern     = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)
	jsonDatePattern = regexp.MustCompile(`^/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/$`)
)

// jsonDate turns .NET's /Date(milliseconds since 1970)/ into RFC 3339 UTC. Text of
// another form stays as it is. The offset that may follow the milliseconds says only how
// the time was shown.
func jsonDate(text string) string {
	parts := jsonDatePattern.FindStringSubmatch(text)
	if parts == nil {
		return text
	}
	millis, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return text
	}
	made := time.UnixMilli(millis).UTC()
	if made.Year() < 1 || made.Year() > 9999 {
		return text
	}
	return made.Format(time.RFC3339Nano)
}

// readTime reads an RFC 3339 time, or a day, which stands for its first moment in UTC.
// Years before 1900 and after 2199 are slips of the pen, and rules read none of them.
func readTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		t, err := time.Parse(layout, strings.TrimSpace(text))
		if t = t.UTC(); err == nil && t.Year() >= 1900 && t.Year() < 2200 {
			return t, true
		}
	}
	return time.Time{}, false
}
