package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// geoRow is where one service keeps one sort of data, as all sources say.
type geoRow struct {
	key           geoData
	Service, Data string
	Places        []geoPlace
	// Allowed says where it may, as the parameters do.
	Allowed string
	Rules   []outcomeGroup
}

// geoPlace is one Geo that was observed, and what says so.
type geoPlace struct {
	Geo     string
	Sources []geoSource
}

// geoSource is how well a Geo is known, and from which kind of evidence.
type geoSource struct{ Tier, Kind string }

// ruleLink is a rule to be linked to.
type ruleLink struct{ ID, Anchor string }

// geoData is what tells rows of the table apart.
type geoData struct{ service, fact string }

// geoRows lists every Geo that a rule observed, by service and sort of data, with what
// the rules say of it. What a rule observed begins with the place as its source writes it, in
// single quotes; what follows, and what begins otherwise, is for the rule alone.
func geoRows(result *findings.Result) []geoRow {
	rows := map[geoData]*geoRow{}
	observers := map[geoData][]findings.Rule{}
	for _, rule := range result.Rules {
		for _, fact := range rule.Observed {
			if fact.Fact != "geo" && fact.Fact != "telemetry_geo" {
				continue
			}
			place, ok := placeOf(fact.Value)
			if !ok {
				continue
			}
			key := geoData{fact.Service, fact.Fact}
			if rows[key] == nil {
				rows[key] = &geoRow{key: key, Service: serviceWord(key.service), Data: factWord(key.fact), Allowed: allowedFor(result.Params, key.service)}
			}
			rows[key].add(place, geoSource{cleanName(fact.Tier), cleanName(fact.Kind)})
			observers[key] = append(observers[key], rule)
		}
	}
	order := slices.SortedFunc(maps.Keys(rows), func(a, b geoData) int {
		if d := serviceOrder(a.service) - serviceOrder(b.service); d != 0 {
			return d
		}
		return strings.Compare(a.service+"\n"+a.fact, b.service+"\n"+b.fact)
	})
	out := make([]geoRow, 0, len(order))
	for _, key := range order {
		rows[key].Rules = geoStates(result, key, observers[key])
		out = append(out, *rows[key])
	}
	return out
}

// placeOf is the place in single quotes that an observation of a Geo begins with.
func placeOf(value string) (place string, ok bool) {
	quoted, ok := strings.CutPrefix(value, "'")
	if !ok {
		return "", false
	}
	place, _, ok = strings.Cut(quoted, "'")
	return cleanName(place), ok
}

// allowedFor says where a service's data may rest: by the list of the service, or by that of
// all; empty where there is none.
func allowedFor(params map[string]any, service string) string {
	list := params["allowed_geos"]
	if by, ok := params["allowed_geos_by_service"].(map[string]any); ok && by[service] != nil {
		list = by[service]
	}
	var places []string
	switch list := list.(type) {
	case nil:
		return ""
	case []string:
		places = list
	case []any:
		for _, place := range list {
			places = append(places, fmt.Sprint(place))
		}
	}
	if len(places) == 0 {
		return "none"
	}
	return strings.Join(cleanNames(places), ", ")
}

// add notes that a source names a Geo, once.
func (r *geoRow) add(geo string, source geoSource) {
	at := slices.IndexFunc(r.Places, func(p geoPlace) bool { return p.Geo == geo })
	if at < 0 {
		at = len(r.Places)
		r.Places = append(r.Places, geoPlace{Geo: geo})
	}
	if place := &r.Places[at]; !slices.Contains(place.Sources, source) {
		place.Sources = append(place.Sources, source)
	}
}

func serviceOrder(service string) int {
	known := []string{"xdr", "endpoint", "office", "cloud_apps", "identity"}
	if i := slices.Index(known, service); i >= 0 {
		return i
	}
	return len(known)
}

// geoStates says which rules fail for a service's Geo, and what the rules that saw it
// came to otherwise. A rule that fails for another Geo alone says nothing of this one.
func geoStates(result *findings.Result, key geoData, observers []findings.Rule) []outcomeGroup {
	resource := key.service + ":storage"
	if key.fact == "telemetry_geo" {
		resource = key.service + ":telemetry"
	}
	states := map[findings.Outcome][]supportView{}
	add := func(rule string, outcome findings.Outcome) {
		if link := (supportView{ruleLink: linkTo(rule)}); !slices.Contains(states[outcome], link) {
			states[outcome] = append(states[outcome], link)
		}
	}
	for _, finding := range result.Findings {
		saw := slices.ContainsFunc(observers, func(rule findings.Rule) bool { return rule.ID == finding.Rule })
		if finding.Resource.Kind == "geo" && finding.Resource.ID == resource || finding.Resource.Kind != "geo" && saw {
			add(finding.Rule, finding.Outcome)
		}
	}
	for _, rule := range observers {
		if rule.Outcome != findings.Fail && (rule.Outcome != findings.Waived || rule.Accepted()) {
			add(rule.ID, rule.Outcome)
		}
	}
	return outcomeGroups(states)
}

func linkTo(id string) ruleLink { return ruleLink{ID: cleanName(id), Anchor: anchor(id)} }

// evidenceRow is one kind of evidence.
type evidenceRow struct {
	Kind, Anchor, File, API string
	SHA256                  string
	Tier, Meaning, Time     string
	Objects, Requests       string
	Minimum                 string // empty where it isn't known
	Complete                bool
}

func evidenceRows(result *findings.Result) []evidenceRow {
	rows := make([]evidenceRow, 0, len(result.Evidence))
	for _, evidence := range result.Evidence {
		sum, minimum := cleanName(evidence.SHA256), ""
		if evidence.Minimum > 0 {
			minimum = thousands(evidence.Minimum)
		}
		rows = append(rows, evidenceRow{
			Kind: cleanName(evidence.Kind), Anchor: "evidence-" + anchor(evidence.Kind), File: cleanName(evidence.File),
			API: cleanText(evidence.API), SHA256: sum,
			Tier: cleanName(evidence.Tier), Time: moment(evidence.Time),
			Objects: thousands(evidence.Objects), Requests: thousands(evidence.Requests), Minimum: minimum, Complete: evidence.Complete,
		})
	}
	return rows
}

// gapRow is evidence that is missing or incomplete, and the rules that wanted it.
type gapRow struct {
	Kind, Anchor, Reason, Meaning string
	Permission, Answer            string
	Rules                         []ruleLink
}

func gapRows(result *findings.Result) []gapRow {
	rows := make([]gapRow, 0, len(result.Gaps))
	for _, gap := range result.Gaps {
		row := gapRow{
			Kind: cleanName(gap.Kind), Anchor: "gap-" + anchor(gap.Kind), Reason: reasonWord(gap.Reason), Meaning: reasonMeaning(gap.Reason),
			Permission: cleanName(gap.Permission), Answer: gapAnswer(gap),
		}
		for _, rule := range result.Rules {
			if slices.Contains(rule.Kinds, gap.Kind) {
				row.Rules = append(row.Rules, linkTo(rule.ID))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// anchor makes an id fit to be a fragment: what is not a letter, a digit, a dot, a dash
// or an underscore is written as its code.
func anchor(id string) string {
	var b strings.Builder
	for _, r := range clean(id, nameLimit) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "-%x-", r)
		}
	}
	return b.String()
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05")
}

// thousands writes a number with a narrow space between groups of three digits, as
// ISO 80000-1 does.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteRune('\u202F')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// tierPairs explains the tiers, best first.
func tierPairs() []pair {
	var out []pair
	for _, tier := range []string{"signed", "api", "proxy", "portal", "attested"} {
		out = append(out, pair{tier, tierMeaning(tier)})
	}
	return out
}
