package reports_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/reports"
)

var (
	htmlTag    = regexp.MustCompile(`<(/?)([a-zA-Z!][a-zA-Z0-9]*)([^>]*)>`)
	htmlID     = regexp.MustCompile(`\sid="([^"]*)"`)
	htmlTarget = regexp.MustCompile(`\s(?:href|src)="([^"]*)"`)
	htmlRefers = regexp.MustCompile(`\saria-labelledby="([^"]*)"`)
)

// bare is a page without the content of its style sheet and script.
func bare(page []byte) string {
	s := regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(string(page), "<style></style>")
	return regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAllString(s, "<script></script>")
}

func TestHTMLPolicyAllowsItsOwnScriptAlone(t *testing.T) {
	page := string(render(t, "html", weak()))
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("the page has no policy")
	}
	got := html.UnescapeString(policy[1])
	hash := func(tag string) string {
		body := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
		if len(body) != 1 {
			t.Fatalf("the page has %d <%s>, want 1", len(body), tag)
		}
		sum := sha256.Sum256([]byte(body[0][1]))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "default-src 'none'; style-src " + hash("style") + "; img-src data:; base-uri 'none'; form-action 'none'; script-src " + hash("script")
	if got != want {
		t.Errorf("policy = %s, want %s", got, want)
	}
	if strings.Index(page, "Content-Security-Policy") > strings.Index(page, "<style>") {
		t.Error("the policy stands after what it governs")
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	for tenant, result := range fixtures() {
		page := render(t, "html", result)
		for _, forbidden := range []string{"unsafe-", "@import", "url(", "innerHTML", "eval("} {
			if strings.Contains(string(page), forbidden) {
				t.Errorf("the page of %s holds %s", tenant, forbidden)
			}
		}
		for _, tag := range htmlTag.FindAllStringSubmatch(bare(page), -1) {
			for _, target := range htmlTarget.FindAllStringSubmatch(tag[3], -1) {
				local := strings.HasPrefix(target[1], "#") || target[1] == "data:,"
				link := tag[2] == "a" && strings.HasPrefix(target[1], "https://learn.microsoft.com/")
				if !local && !link {
					t.Errorf("the page of %s has a <%s> that points at %s", tenant, tag[2], target[1])
				}
			}
		}
	}
}

// Whatever the tenant is called, the page has the tags of its templates alone.
func TestHTMLEscapesHostileText(t *testing.T) {
	checkTags(t, render(t, "html", weak()), 1)
	page := bare(render(t, "html", weak()))
	for _, want := range []string{"&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;img src=x onerror=alert(1)&gt;"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page doesn't show %s", html.UnescapeString(want))
		}
	}
}

func checkTags(t testing.TB, page []byte, scripts int) {
	t.Helper()
	known := strings.Fields("a article b bdi body br button caption code dd details div dl doctype dt footer form h1 h2 h3 h4 head header html i input label li link main meta nav noscript ol option p pre rect script section select span strong style summary svg symbol circle path table tbody td th thead title tr ul use")
	found := 0
	for _, tag := range htmlTag.FindAllStringSubmatch(bare(page), -1) {
		name := strings.ToLower(strings.TrimPrefix(tag[2], "!"))
		if !slices.Contains(known, name) {
			t.Errorf("the page has the tag %s", tag[0])
		}
		if name == "script" && tag[1] == "" {
			found++
		}
		attributes := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(tag[3], `""`)
		if regexp.MustCompile(`\s(on\w+|style|srcdoc)\s*=`).MatchString(attributes) {
			t.Errorf("the page has an active attribute: %s", tag[0])
		}
	}
	if found != scripts {
		t.Errorf("the page has %d scripts, want %d", found, scripts)
	}
}

// Every id stands once, and every link within the page leads somewhere.
func TestHTMLLinksLead(t *testing.T) {
	all := fixtures()
	all["accepted"] = accepted()
	for tenant, result := range all {
		for sort, page := range map[string][]byte{"page": render(t, "html", result), "print": printable(t, result)} {
			checkLinks(t, sort+" of "+tenant, bare(page), result)
		}
	}
}

func checkLinks(t *testing.T, name, page string, result *findings.Result) {
	t.Helper()
	ids := map[string]bool{}
	for _, id := range htmlID.FindAllStringSubmatch(page, -1) {
		if ids[id[1]] {
			t.Errorf("the %s has the id %s twice", name, id[1])
		}
		ids[id[1]] = true
	}
	for _, target := range htmlTarget.FindAllStringSubmatch(page, -1) {
		if id, ok := strings.CutPrefix(target[1], "#"); ok && !ids[id] {
			t.Errorf("the %s links to #%s, which is not there", name, id)
		}
	}
	for _, refers := range htmlRefers.FindAllStringSubmatch(page, -1) {
		if !ids[refers[1]] {
			t.Errorf("the %s names the label #%s, which is not there", name, refers[1])
		}
	}
	for _, rule := range result.Rules {
		if !ids[rule.ID] {
			t.Errorf("the %s can't be entered at #%s", name, rule.ID)
		}
	}
}

// A finding can be linked to by its fingerprint, which every other report has too.
func TestHTMLFindingsHaveAddresses(t *testing.T) {
	result := weak()
	page := bare(render(t, "html", result))
	for _, finding := range result.Findings {
		if strings.Count(page, `<tr id="`+finding.Fingerprint+`">`) != 1 {
			t.Errorf("the page can't be entered at the finding %s of %s", finding.Fingerprint, finding.Rule)
		}
	}
}

// What a page of many rules would be slow with is left to the script: a browser that has one
// begins with a part of the elements.
func TestHTMLBeginsWithFewElements(t *testing.T) {
	later := regexp.MustCompile(`(?s)<noscript class="later">.*?</noscript>`)
	result := many(10_000)
	for i := range 92 {
		r := rule(specs()[i%len(specs())])
		r.ID, r.Severity = fmt.Sprintf("OWN%d", 1000+i), findings.Severities()[i%5]
		result.Rules = append(result.Rules, r)
		fail(result, r.ID, findings.Resource{Kind: "tenant", ID: tenantID}, "It is violated.", "this", "that")
	}
	page := later.ReplaceAllString(bare(render(t, "html", settle(result))), "")
	elements := 0
	for _, tag := range htmlTag.FindAllStringSubmatch(page, -1) {
		if tag[1] == "" {
			elements++
		}
	}
	if elements > 2000 {
		t.Errorf("the page of 10,000 findings of %d rules begins with %d elements, want at most 2,000", len(result.Rules), elements)
	}
}

func TestNaturalOrder(t *testing.T) {
	want := []string{"", "5.2", "5.2.1", "5.10", "28", "28(3)", "28(3)(a)", "30", "A.5.9", "A.5.23", "AC-2", "AC-10", "a", "a01b", "a1b"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, reports.Natural)
	if !slices.Equal(got, want) {
		t.Errorf("in natural order: %q, want %q", got, want)
	}
}

func TestHTMLSaysWhatItLeavesOut(t *testing.T) {
	page := string(render(t, "html", crowded()))
	if !strings.Contains(page, "The first 200 of 230 findings; the other 30 are in result.json") {
		t.Error("the page doesn't say how many findings of CONS1010 it leaves out")
	}
	if n := strings.Count(page, "<bdi>Application "); n != 201 {
		t.Errorf("the page shows %d findings of CONS1010, want 200 and 1 in the overview", n)
	}
	large := render(t, "html", many(10_000))
	if len(large) > 3<<20 {
		t.Errorf("the page of 10,000 findings has %d bytes, want at most 3 MiB", len(large))
	}
	if n := len(render(t, "html", empty())); n > 100<<10 {
		t.Errorf("the empty page has %d bytes, want at most 100 KiB", n)
	}
}

func TestHTMLSaysWhatMatters(t *testing.T) {
	squeeze := regexp.MustCompile(`<[^>]*>|\s+`)
	tests := []struct {
		tenant string
		result *findings.Result
		want   []string
	}{
		{"good", good(), []string{"No violation found", "Every link that was looked at holds.", "Nothing that was asked for is missing.", "Part and evidence never add up to compliance", "NIST SP 800-53 Rev. 5 1 control, supported by 17 rules", "1.1.3 pass CONS1001 full , CONS1010 full"}},
		{"weak", weak(), []string{"5 rules violated, 1 not judged", "The chain is broken at: Role, Consent, Geo, Feeding.", "Defender XDR data at rest US signed ( onboarding_package ) EU fail GEO1002", "waived waiver W-fd62594c23 until 2026-12-10", "Waived: 1 finding, none of them critical.", "Since the earlier result: 27 new, 1 unchanged, 1 fixed.", "expired no longer covers 1 finding", "unused nothing is left", "in force covers 1 finding", "2026-12-10 ends in 20 days", "one of: EU"}},
		{"partial", partial(), []string{"No violation found, but 10 rules not judged", "Judged 5 of 17 rules; 10 could not be judged: needs attestation (5)", "SecurityIncident.Read.All", "HTTP 403 Forbidden"}},
		{"empty", empty(), []string{"Nothing was judged", "No rule was chosen.", "No evidence was read."}},
	}
	for _, tt := range tests {
		page := squeeze.ReplaceAllString(bare(render(t, "html", tt.result)), " ")
		page = strings.Join(strings.Fields(page), " ")
		for _, want := range tt.want {
			if !strings.Contains(page, want) {
				t.Errorf("the page of %s lacks %q", tt.tenant, want)
			}
		}
	}
}

// A service's Geo is one row, whoever states it, and a rule that fails for the objects in
// which it saw the Geo says so there.
func TestHTMLShowsEachServiceOnce(t *testing.T) {
	result := weak()
	edit(result, "GEO1001", func(r *findings.Rule) {
		r.Observed = append(geos("US"), findings.Observation{Fact: "geo", Service: "xdr", Value: "'US', as somebody saw", Tier: "portal", Kind: "portal_tenant_context"})
	})
	edit(result, "GEO1009", func(r *findings.Rule) {
		r.Observed = []findings.Observation{{Fact: "geo", Service: "microsoft_365", Value: "'APC' preferred by users", Tier: "api", Kind: "users"}}
	})
	page := regexp.MustCompile(`<[^>]*>|\s+`).ReplaceAllString(bare(render(t, "html", result)), " ")
	page = strings.Join(strings.Fields(page), " ")
	_, table, _ := strings.Cut(page, "The Geo of every service as observed")
	table, _, _ = strings.Cut(table, "How it is known")
	for _, want := range []string{
		"Defender XDR data at rest US signed ( onboarding_package ), portal ( portal_tenant_context ) EU fail GEO1002",
		"Microsoft 365 data at rest APC api ( users ) EU fail GEO1009",
	} {
		if strings.Count(table, want) != 1 {
			t.Errorf("the table of Geos lacks %q, or has it twice:\n%s", want, table)
		}
	}
	if !strings.Contains(bare(render(t, "html", result)), "either with <code>domicile attest new</code>.") {
		t.Error("a step's command is not shown as code")
	}
}
