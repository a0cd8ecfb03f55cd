package alerts

import (
	"strings"
	"unicode"
)

// maxText is how many characters of a text of a tenant are told.
const maxText = 300

// apart keeps a mention or an address from being read as one, and isn't seen.
const apart = "\u2060"

// inert has a look-alike for each character that a receiver may take for a command.
var inert = strings.NewReplacer(
	"<", "‹", ">", "›", "[", "［", "]", "］", "*", "∗", "_", "＿", "~", "∼", "`", "ˋ", "|", "｜", "\\", "＼", "#", "＃", "&", "＆",
)

// plain makes a text that came from a tenant one line that nobody is called by, nothing is
// linked by and nothing is formatted by, in whatever way the receiver marks texts up.
func plain(text string) string {
	runes := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " "))
	if len(runes) > maxText {
		runes = append(runes[:maxText], '…')
	}
	visible := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.C, r) {
			return '\ufffd' // a control, or a character that turns or hides others
		}
		return r
	}, string(runes))
	var told strings.Builder
	before := ' '
	for _, r := range inert.Replace(visible) {
		if strings.ContainsRune("@:.", before) && r != ' ' {
			told.WriteString(apart)
		}
		told.WriteRune(r)
		before = r
	}
	return told.String()
}
