package collectors

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
)

// Join puts together what several files gave. Two kinds come in halves, each a file of
// its own: the audit log's switch and its retention policies, and terms of use and their
// acceptances. Onboarding packages are several of their own. Kinds keep the order in
// which they come first.
//
// Errors: any other kind that two files hold, halves that don't fit; the error names the
// files.
func Join(files []Import) ([]Imported, error) {
	var order []string
	kinds, names := map[string][]Imported{}, map[string][]string{}
	for _, file := range files {
		for _, imported := range file.Kinds {
			if !slices.Contains(order, imported.Kind) {
				order = append(order, imported.Kind)
			}
			kinds[imported.Kind] = append(kinds[imported.Kind], imported)
			names[imported.Kind] = append(names[imported.Kind], file.Name)
		}
	}
	var joined []Imported
	for _, kind := range order {
		parts := kinds[kind]
		if len(parts) > 1 && kind != onboardingKind {
			one, err := joinParts(kind, parts)
			if err != nil {
				return nil, fmt.Errorf("importing %s from %s: %w", kind, strings.Join(names[kind], ", "), err)
			}
			parts = []Imported{one}
		}
		joined = append(joined, parts...)
	}
	return joined, nil
}

func joinParts(kind string, parts []Imported) (Imported, error) {
	switch kind {
	case exchangeAuditKind:
		return joinAudit(parts)
	case termsKind:
		return joinTerms(parts)
	default:
		return Imported{}, fmt.Errorf("%d files hold it; leave all but one out", len(parts))
	}
}

// joinedImport is what the parts have in common: the worst tier, the oldest time (none
// when one part doesn't say), every API, and the first gap.
func joinedImport(parts []Imported) Imported {
	joined := Imported{Kind: parts[0].Kind, Tier: parts[0].Tier, Complete: true, Time: parts[0].Time}
	var apis []string
	for _, part := range parts {
		if part.Tier == evidence.Attested {
			joined.Tier = evidence.Attested
		}
		if part.Time.IsZero() || part.Time.Before(joined.Time) {
			joined.Time = part.Time
		}
		joined.Complete = joined.Complete && part.Complete
		if joined.Gap == nil {
			joined.Gap = part.Gap
		}
		apis = append(apis, strings.TrimPrefix(part.API, "import: "))
	}
	joined.API = "import: " + strings.Join(apis, " and ")
	return joined
}

// halfObjects are the objects of several files, in their order.
func halfObjects(halves []Imported) ([]map[string]any, error) {
	var objects []map[string]any
	for _, half := range halves {
		for _, data := range half.Objects {
			var object map[string]any
			if err := json.Unmarshal(data, &object); err != nil {
				return nil, fmt.Errorf("joining its halves: %w", err)
			}
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// hold adds an object to what was joined.
func (i *Imported) hold(object map[string]any) error {
	data, err := json.Marshal(object)
	i.Objects = append(i.Objects, data)
	return err
}

// mergeSaved puts into an object who saved both it and the other, and the older of their days.
// What only one of them says is left out, as nobody answers for the whole then.
func mergeSaved(object, other map[string]any) {
	by, named := object["savedBy"].(string)
	second, namedToo := other["savedBy"].(string)
	switch {
	case !named || !namedToo:
		delete(object, "savedBy")
	case by != second:
		object["savedBy"] = by + ", " + second
	}
	// Both are RFC 3339 in UTC, so that the smaller text is the earlier time.
	at, dated := object["savedAt"].(string)
	secondAt, datedToo := other["savedAt"].(string)
	switch {
	case !dated || !datedToo:
		delete(object, "savedAt")
	case secondAt < at:
		object["savedAt"] = secondAt
	}
}

// hashOf is the SHA-256 over the hashes of several files, each on a line.
func hashOf(hashes ...any) string {
	sum := sha256.New()
	for _, hash := range hashes {
		fmt.Fprintf(sum, "%v\n", hash)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
