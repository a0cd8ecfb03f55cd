package history

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/database"
)

// Numbers are what a scan says in numbers.
type Numbers struct {
	Cloud   string           `json:"cloud"`
	Summary findings.Summary `json:"summary"`
	// Change is nil where the scan was compared with no earlier result.
	Change *Change `json:"change,omitempty"`
}

// Change counts what changed since an earlier result, as findings.Change does.
type Change struct {
	// Previous is the digest of the earlier result.
	Previous string `json:"previous"`
	// New counts the new violations by severity.
	New      map[findings.Severity]int `json:"new"`
	Fixed    int                       `json:"fixed"`
	Unjudged int                       `json:"unjudged"`
}

// Violations is the number of new violations.
func (c *Change) Violations() int {
	sum := 0
	for _, n := range c.New {
		sum += n
	}
	return sum
}

// Point is a scan in numbers.
type Point struct {
	Scan    int64     `json:"scan"`
	Started time.Time `json:"started"`
	Numbers
}

// Verdicts are the rules with one outcome and, where that is unknown, one reason.
type Verdicts struct {
	Outcome findings.Outcome `json:"outcome"`
	Reason  string           `json:"reason,omitempty"`
	Rules   []string         `json:"rules"`
}

// numbersOf says what a result says in numbers.
func numbersOf(doc *document) Numbers {
	numbers := Numbers{Cloud: text(doc.result.Tenant.Cloud), Summary: doc.result.Summary}
	of := doc.result.Change
	if of == nil {
		return numbers
	}
	numbers.Change = &Change{Previous: of.Previous, New: map[findings.Severity]int{}, Fixed: of.Fixed, Unjudged: of.Unjudged}
	for i, change := range doc.changes {
		if finding := doc.bodies[i].identity; change == string(findings.New) && finding.Outcome == findings.Fail {
			numbers.Change.New[finding.Severity]++
		}
	}
	return numbers
}

// verdictsOf groups the rules of a result by their outcomes.
func verdictsOf(result *findings.Result) []Verdicts {
	groups := []Verdicts{}
	at := map[[2]string]int{}
	for _, rule := range result.Rules {
		reason := ""
		if rule.Outcome == findings.Unknown && len(rule.Reasons) > 0 {
			reason = rule.Reasons[0].Reason
		}
		key := [2]string{string(rule.Outcome), reason}
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key] = i
			groups = append(groups, Verdicts{Outcome: rule.Outcome, Reason: reason})
		}
		groups[i].Rules = append(groups[i].Rules, rule.ID)
	}
	return groups
}

// recordNumbers keeps what a scan says in numbers and, where it is the tenant's latest, how
// the tenant stands.
func (s *Store) recordNumbers(ctx context.Context, tx *sql.Tx, scan Scan, doc *document, latest bool) error {
	numbers, err := json.Marshal(numbersOf(doc), json.Deterministic(true))
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, s.db.SQL("INSERT INTO history_numbers (tenant_id, position, scan_id, numbers) VALUES (?, ?, ?, ?)"), scan.tenantID, scan.position, scan.ID, string(numbers)); err != nil || !latest {
		return err
	}
	verdicts, err := json.Marshal(verdictsOf(doc.result))
	if err != nil {
		return err
	}
	waivers, err := json.Marshal(doc.result.Waivers)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, s.db.SQL(`INSERT INTO history_standings (tenant_id, verdicts, waivers) VALUES (?, ?, ?)
		ON CONFLICT (tenant_id) DO UPDATE SET verdicts = excluded.verdicts, waivers = excluded.waivers`), scan.tenantID, string(verdicts), string(waivers))
	return err
}

// numberScans keeps the numbers of the scans of a store that has none of them yet.
func numberScans(ctx context.Context, db *database.DB, tx *sql.Tx) error {
	s := &Store{db}
	scans, err := s.scans(ctx, tx, "1 = 1", all)
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for _, scan := range scans {
		result, err := s.resultOf(ctx, tx, scan)
		if err != nil {
			return fmt.Errorf("scan %d: %w", scan.ID, err)
		}
		doc, err := split(result)
		if err != nil {
			return fmt.Errorf("scan %d: %w", scan.ID, err)
		}
		if err := s.recordNumbers(ctx, tx, scan, doc, !seen[scan.tenantID]); err != nil {
			return err
		}
		seen[scan.tenantID] = true
	}
	return nil
}
