package collectors

import (
	"fmt"
	"strings"
	"time"
)

// attestationCheck is the outcome of one check of a statement.
type attestationCheck struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Message string `json:"message"`
}

// attestationChecks lists the checks of a statement's own in the order in which they are
// shown; that of its signature follows. Each gives what is wrong, "" when nothing is.
func attestationChecks() []struct {
	name  string
	check func(s statement, o ImportOptions) string
} {
	return []struct {
		name  string
		check func(s statement, o ImportOptions) string
	}{
		{"tenant", checkStatementTenant},
		{"cloud", checkStatementCloud},
		{"dates", checkStatementDates},
		{"people", checkStatementPeople},
		{"hash", checkStatementHash},
		{"fact", checkStatementFact},
	}
}

// checkStatement runs every check.
func checkStatement(s statement, o ImportOptions) []attestationCheck {
	var checks []attestationCheck
	for _, c := range attestationChecks() {
		message := c.check(s, o)
		checks = append(checks, attestationCheck{Name: c.name, OK: message == "", Message: message})
	}
	return checks
}

func checkStatementTenant(s statement, o ImportOptions) string {
	switch {
	case o.Tenant.ID == "":
		return "it is not known which tenant is scanned, so that the statement's tenant can't be compared; name the tenant"
	case !guidPattern.MatchString(s.TenantID):
		return fmt.Sprintf("tenantId %q is not a tenant id", s.TenantID)
	case !strings.EqualFold(s.TenantID, o.Tenant.ID):
		return fmt.Sprintf("the statement is about tenant %s, not about %s", s.TenantID, o.Tenant.ID)
	}
	return ""
}

func checkStatementCloud(s statement, o ImportOptions) string {
	switch {
	case o.Tenant.Cloud == "":
		return "it is not known which cloud the tenant is in, so that the statement's cloud can't be compared; name the tenant and its cloud"
	case !strings.EqualFold(s.Cloud, o.Tenant.Cloud):
		return fmt.Sprintf("the statement is about the cloud %q, not about %s", s.Cloud, o.Tenant.Cloud)
	}
	return ""
}

func checkStatementDates(s statement, o ImportOptions) string {
	observed, ok := readTime(s.ObservedAt)
	if !ok {
		return fmt.Sprintf("observedAt %q is no time; write it like 2026-11-21T08:30:00Z", s.ObservedAt)
	}
	until, ok := readTime(s.ValidUntil)
	switch {
	case !ok:
		return fmt.Sprintf("validUntil %q is no time; write it like 2027-11-21T08:30:00Z", s.ValidUntil)
	case observed.After(o.Now):
		return fmt.Sprintf("observedAt %s is in the future", observed.Format(time.RFC3339))
	case !until.After(observed):
		return fmt.Sprintf("validUntil %s is not after observedAt %s", until.Format(time.RFC3339), observed.Format(time.RFC3339))
	case o.Now.After(until):
		return fmt.Sprintf("the statement was valid until %s; have it observed and reviewed again", until.Format(time.RFC3339))
	}
	return checkPast(s, o.Now)
}

// checkPast looks for a value that tells of what is yet to come as if it had happened.
func checkPast(s statement, now time.Time) string {
	value, _ := s.Value.(map[string]any)
	fact, _ := factNamed(s.Fact)
	for _, field := range fact.Fields {
		text, _ := value[field.Name].(string)
		if at, ok := readTime(text); ok && field.Past && at.After(now) {
			return fmt.Sprintf("value.%s %s is in the future", field.Name, at.Format(time.RFC3339))
		}
	}
	return ""
}

func checkStatementPeople(s statement, _ ImportOptions) string {
	for _, person := range []struct {
		name          string
		upn, objectID string
	}{
		{"observedBy", s.ObservedBy.UPN, s.ObservedBy.ObjectID},
		{"reviewer", s.Reviewer.UPN, s.Reviewer.ObjectID},
	} {
		if strings.TrimSpace(person.upn) == "" || !guidPattern.MatchString(person.objectID) {
			return person.name + " is not named with upn and objectId"
		}
	}
	sameName := strings.EqualFold(strings.TrimSpace(s.ObservedBy.UPN), strings.TrimSpace(s.Reviewer.UPN))
	if sameName || strings.EqualFold(s.ObservedBy.ObjectID, s.Reviewer.ObjectID) {
		return "observedBy and reviewer are the same person; have a second one review it"
	}
	return ""
}

func checkStatementHash(s statement, _ ImportOptions) string {
	hashed := false
	for _, artefact := range s.Artefacts {
		hashed = hashed || hashPattern.MatchString(artefact.SHA256)
	}
	if !hashed {
		return "no artefact has a sha256 of 64 hexadecimal digits; name the screenshot or document and its hash"
	}
	if fact, known := factNamed(s.Fact); known && fact.TextHash {
		value, _ := s.Value.(map[string]any)
		text, _ := value["textSha256"].(string)
		if !hashPattern.MatchString(text) {
			return "value.textSha256 is not the sha256 of the text that was read"
		}
	}
	return ""
}

func checkStatementFact(s statement, _ ImportOptions) string {
	fact, known := factNamed(s.Fact)
	if !known {
		var names []string
		for _, f := range Facts() {
			names = append(names, f.Name)
		}
		return fmt.Sprintf("the fact %q is not known; known are %s", s.Fact, strings.Join(names, ", "))
	}
	return fact.checkValue(s.Value)
}
