package reports_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/domicile-audit/domicile/reports"
)

func TestClean(t *testing.T) {
	tests := []struct {
		name, in string
		limit    int
		want     string
	}{
		{"plain", "Contoso GmbH", 20, "Contoso GmbH"},
		{"letters of other scripts", "Käthe 株式会社", 20, "Käthe 株式会社"},
		{"right to left override", "a\u202Eb", 20, "a⟨U+202E⟩b"},
		{"escape", "\x1b[31m", 20, "⟨U+001B⟩[31m"},
		{"line break and tab", "a\r\n\tb", 20, "a⟨U+000D⟩⟨U+000A⟩⟨U+0009⟩b"},
		{"zero width and byte order mark", "\u200B\uFEFF", 20, "⟨U+200B⟩⟨U+FEFF⟩"},
		{"line separator", "\u2028", 20, "⟨U+2028⟩"},
		{"tag character", "\U000E0041", 20, "⟨U+E0041⟩"},
		{"not UTF-8", "a\xffb", 20, "a⟨0xFF⟩b"},
		{"a true replacement character", "\uFFFD", 20, "\uFFFD"},
		{"at the limit", "abcde", 5, "abcde"},
		{"over the limit", "abcdef", 5, "abcde…"},
		{"hidden characters count as one", "\u202E\u202E\u202E", 2, "⟨U+202E⟩⟨U+202E⟩…"},
		{"long in bytes, short in runes", "äöüäö", 5, "äöüäö"},
		{"a command of Azure Pipelines", "a##vso[task.x]b ##[error]c", 99, "a#⟨U+0023⟩vso[task.x]b #⟨U+0023⟩[error]c"},
		{"a command of GitHub Actions", "  ::error::a::b", 99, "  ⟨U+003A⟩:error::a::b"},
		{"no command", "## 1 #[a] a::b fe80::1", 99, "## 1 #[a] a::b fe80::1"},
		{"empty", "", 5, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := reports.Clean(tt.in, tt.limit); got != tt.want {
				t.Errorf("clean(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range append(hostile(), "bad\xffbytes") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := reports.Clean(s, 50)
		if !utf8.ValidString(got) {
			t.Errorf("clean(%q) = %q, which is not UTF-8", s, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }) {
			t.Errorf("clean(%q) = %q, which hides a character", s, got)
		}
		if utf8.RuneCountInString(got) > 50*len("⟨U+E0041⟩")+1 {
			t.Errorf("clean(%q) has %d runes", s, utf8.RuneCountInString(got))
		}
	})
}

func TestRelativeURI(t *testing.T) {
	tests := []struct{ in, want string }{
		{"domicile.yaml", "domicile.yaml"},
		{"./audit/domicile.yaml", "audit/domicile.yaml"},
		{"mandant ü/50%/a#b?.yaml", "mandant%20%C3%BC/50%25/a%23b%3F.yaml"},
		{`audit\domicile.yaml`, "audit/domicile.yaml"},
		{"/etc/domicile.yaml", "domicile.yaml"},
		{"../other/domicile.yaml", "domicile.yaml"},
		{`C:\audit\domicile.yaml`, "domicile.yaml"},
		{"https://evil.example/x.yaml", "https%3A/evil.example/x.yaml"},
		{"a:b.yaml", "a%3Ab.yaml"},
		{"ab:c.yaml", "ab%3Ac.yaml"},
		{"a/../..", ""},
		{".", ""},
		{"/", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := reports.RelativeURI(tt.in); got != tt.want {
			t.Errorf("relativeURI(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestIsLink(t *testing.T) {
	tests := []struct {
		in   string
		want bool
	}{
		{"https://learn.microsoft.com/defender-xdr/data-privacy", true},
		{"https://learn.microsoft.com/a?view=b#c", true},
		{"https://docs.learn.microsoft.com/a", true},
		{"http://learn.microsoft.com/", false},
		{"https://learn.microsoft.com.evil.example/", false},
		{"https://evillearn.microsoft.com/", false},
		{"https://learn.microsoft.com@evil.example/", false},
		{"https://learn.microsoft.com:8443/", false},
		{"https://evil.example/learn.microsoft.com", false},
		{"javascript:alert(1)//learn.microsoft.com", false},
		{"https://learn.microsoft.com/\"onclick=x", false},
		{"https://learn.microsoft.com/\u202E", false},
		{"", false},
	}
	for _, tt := range tests {
		if got := reports.IsLink(tt.in); got != tt.want {
			t.Errorf("isLink(%q) = %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestPascalName(t *testing.T) {
	tests := []struct{ title, id, want string }{
		{"The service's Geo is allowed", "GEO1002", "TheServicesGeoIsAllowed"},
		{"no more than `4` admins", "X", "NoMoreThan4Admins"},
		{"GEO1002", "GEO1002", "RuleGEO1002"},
		{"365 days", "X", "Rule365Days"},
		{"株式会社", "X", "Rule"},
		{"", "X", "Rule"},
		{strings.Repeat("word ", 40), "X", strings.Repeat("Word", 20)},
	}
	for _, tt := range tests {
		if got := reports.PascalName(tt.title, tt.id); got != tt.want {
			t.Errorf("pascalName(%q, %q) = %q, want %q", tt.title, tt.id, got, tt.want)
		}
	}
}

func TestInert(t *testing.T) {
	tests := []struct{ in, want string }{
		{"one of [EU] and {US}", "one of [EU] and {US}"},
		{"[click](javascript:alert(1))", `\[click\](javascript:alert(1))`},
		{"{0} and {12}", "{{0}} and {{12}}"},
	}
	for _, tt := range tests {
		if got := reports.Inert(tt.in); got != tt.want {
			t.Errorf("inert(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestAnchor(t *testing.T) {
	tests := []struct{ in, want string }{{"GEO1002", "GEO1002"}, {"my rule\"x", "my-20-rule-22-x"}, {"a.b_c-d", "a.b_c-d"}}
	for _, tt := range tests {
		if got := reports.Anchor(tt.in); got != tt.want {
			t.Errorf("anchor(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestStop(t *testing.T) {
	tests := []struct{ in, want string }{{"It is.", "It is."}, {"It is", "It is."}, {"Is it?", "Is it."}, {"cut…", "cut."}, {"so: ", "so."}}
	for _, tt := range tests {
		if got := reports.Stop(tt.in); got != tt.want {
			t.Errorf("stop(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
