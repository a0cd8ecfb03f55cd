package history

import (
	"context"
	"fmt"

	"github.com/domicile-audit/domicile/findings"
)

// Violations counts the violations of the tenants' latest scans, by the tenants' ids and by
// severity.
func (s *Store) Violations(ctx context.Context) (map[string]map[findings.Severity]int, error) {
	counts := map[string]map[findings.Severity]int{}
	rows, err := s.db.QueryContext(ctx, s.db.SQL("SELECT t.tenant, f.weight, count(*) FROM history_tenants t JOIN history_findings f ON f.tenant_id = t.id WHERE f.until = "+
		fmt.Sprint(int64(forever))+" AND f.weight < ? GROUP BY t.tenant, f.weight"), len(findings.Severities()))
	if err != nil {
		return nil, fmt.Errorf("counting the violations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var tenant string
		var rank, count int
		if err := rows.Scan(&tenant, &rank, &count); err != nil {
			return nil, fmt.Errorf("counting the violations: %w", err)
		}
		if counts[tenant] == nil {
			counts[tenant] = map[findings.Severity]int{}
		}
		counts[tenant][findings.Severities()[rank]] = count
	}
	return counts, rows.Err()
}
