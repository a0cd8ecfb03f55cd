package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// generated is a run of objects that are made from their index when they are asked
// for, so that a million of them take no memory. The zero value is an empty run.
type generated struct {
	count int
	// prefix is the first group of digits of every id; the index is in the last.
	prefix string
	make   func(i int) object
}

// index finds the object with the id in the run.
func (g generated) index(id string) (int, bool) {
	digits, ok := strings.CutPrefix(strings.ToLower(id), g.prefix+"-0000-4000-8000-")
	if !ok || g.count == 0 {
		return 0, false
	}
	i, err := strconv.ParseInt(digits, 16, 64)
	return int(i), err == nil && i >= 0 && i < int64(g.count)
}

func (g generated) id(i int) string {
	return fmt.Sprintf("%s-0000-4000-8000-%012x", g.prefix, i)
}

var (
	countries = []string{"DE", "FR", "NL", "BE", "AT", "IE", "IT", "ES"}
	given     = []string{"Anna", "Jonas", "Marie", "Luc", "Sofia", "Pieter", "Clara", "Matteo", "Elena", "Hugo", "Nora"}
	family    = []string{"Berger", "Dubois", "Jansen", "Rossi", "Garcia", "Huber", "Peeters", "Murphy", "Keller", "Laurent", "Weber", "Conti", "Vidal"}
)

// Generate adds generated objects to the tenant, behind those of its file: counts are
// by users, groups, servicePrincipals, applications, grants (delegated ones),
// appRoleAssignments (application permissions of Microsoft Graph) and sites. The objects
// follow from their index alone: equal counts give equal tenants. They are unremarkable
// ones, which no rule fails.
func Generate(t *Tenant, counts map[string]int) error {
	known := map[string]string{
		"users": "users", "groups": "groups", "servicePrincipals": "servicePrincipals",
		"grants": "oauth2PermissionGrants", "sites": "sites", "applications": "applications", assignments: assignments,
	}
	for name, count := range counts {
		if known[name] == "" || count < 0 {
			return fmt.Errorf("generating %d %s: want a number from 0 of %s", count, name,
				strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	users := generated{count: counts["users"], prefix: "10000001"}
	groups := generated{count: counts["groups"], prefix: "10000002"}
	apps := generated{count: counts["servicePrincipals"], prefix: "10000003"}
	sites := generated{count: counts["sites"], prefix: "10000005"}
	grants := generated{count: counts["grants"], prefix: "10000004"}
	registered := generated{count: counts["applications"], prefix: "10000006"}
	roles := generated{count: counts[assignments], prefix: "10000007"}
	domain, err := t.domain()
	if err != nil {
		return err
	}
	signIn, err := t.doc.People["*"].signIn()
	if err != nil {
		return err
	}
	licences := []member{{"assignedLicenses", none}, {"assignedPlans", none}, {"licenseAssignmentStates", none}, signIn}
	users.make = func(i int) object { return append(makeUser(users.id(i), i, domain), licences...) }
	groups.make = func(i int) object {
		return object{
			{"id", quoted(groups.id(i))},
			{"displayName", quoted("Team " + strconv.Itoa(i+1))},
			{"preferredDataLocation", null},
			{"isAssignableToRole", null},
			{"onPremisesSyncEnabled", null},
			{"securityEnabled", yes},
		}
	}
	apps.make = func(i int) object {
		return object{
			{"id", quoted(apps.id(i))},
			{"appId", quoted(applicationID(i))},
			{"displayName", quoted("Application " + strconv.Itoa(i+1))},
			{"accountEnabled", yes},
			{"appOwnerOrganizationId", quoted(t.ID)},
			{"servicePrincipalType", quoted("Application")},
			{"verifiedPublisher", json.RawMessage(`{"displayName":null,"verifiedPublisherId":null,"addedDateTime":null}`)},
		}
	}
	registered.make = func(i int) object {
		return object{
			{"id", quoted(registered.id(i))},
			{"appId", quoted(applicationID(i))},
			{"displayName", quoted("Application " + strconv.Itoa(i+1))},
			{"createdDateTime", quoted("2024-01-15T08:00:00Z")},
			{"signInAudience", quoted("AzureADMyOrg")},
			{"passwordCredentials", none},
			{"keyCredentials", none},
		}
	}
	resource := t.graphPrincipal()
	role := uuidOf("appRole", "LicenseAssignment.Read.All")
	roles.make = func(i int) object {
		holder := i % max(apps.count, 1)
		return object{
			{"id", quoted(roles.id(i))},
			{"appRoleId", quoted(role)},
			{"createdDateTime", quoted("2024-01-15T08:00:00Z")},
			{"principalDisplayName", quoted("Application " + strconv.Itoa(holder+1))},
			{"principalId", quoted(apps.id(holder))},
			{"principalType", quoted("ServicePrincipal")},
			{"resourceDisplayName", quoted("Microsoft Graph")},
			{"resourceId", quoted(resource)},
		}
	}
	grants.make = func(i int) object {
		return object{
			{"id", quoted(grants.id(i))},
			{"clientId", quoted(apps.id(i % max(apps.count, 1)))},
			{"consentType", quoted("Principal")},
			{"principalId", quoted(users.id(i % max(users.count, 1)))},
			{"resourceId", quoted(resource)},
			{"scope", quoted(" openid profile User.Read")},
		}
	}
	location := t.siteLocation()
	sites.make = func(i int) object {
		host := strings.SplitN(domain, ".", 2)[0] + ".sharepoint.com"
		return object{
			{"id", quoted(host + "," + sites.id(i))},
			{"displayName", quoted("Project " + strconv.Itoa(i+1))},
			{"isPersonalSite", json.RawMessage("false")},
			{"siteCollection", json.RawMessage(`{"hostname":"` + host + `"` + location + `}`)},
			{"webUrl", quoted("https://" + host + "/sites/project-" + strconv.Itoa(i+1))},
		}
	}
	for name, run := range map[string]generated{
		"users": users, "groups": groups, "servicePrincipals": apps, "grants": grants, "sites": sites,
		"applications": registered, assignments: roles,
	} {
		if run.count > 0 {
			t.extra[known[name]] = run
		}
	}
	return nil
}

// assignments is the name of the application permissions among the generated objects,
// which hang on the resource's service principal.
const assignments = "appRoleAssignments"

// applicationID is the application id of a generated service principal and of its
// registration.
func applicationID(i int) string { return fmt.Sprintf("10000013-0000-4000-8000-%012x", i) }

var (
	null = json.RawMessage("null")
	yes  = json.RawMessage("true")
	none = json.RawMessage("[]")
)

func makeUser(id string, i int, domain string) object {
	name := given[i%len(given)] + " " + family[i%len(family)]
	account := strings.ToLower(given[i%len(given)]+"."+family[i%len(family)]) + "." + strconv.Itoa(i+1)
	synced := null
	if i%3 == 0 {
		synced = yes
	}
	return object{
		{"id", quoted(id)},
		{"displayName", quoted(name)},
		{"userPrincipalName", quoted(account + "@" + domain)},
		{"accountEnabled", yes},
		{"userType", quoted("Member")},
		{"usageLocation", quoted(countries[i%len(countries)])},
		{"preferredDataLocation", null},
		{"onPremisesSyncEnabled", synced},
		{"createdDateTime", quoted("2024-01-15T08:00:00Z")},
		{"externalUserState", null},
	}
}

// domain returns the tenant's initial domain.
func (t *Tenant) domain() (string, error) {
	records, _ := t.doc.Graph["organization"].([]any)
	for _, record := range records {
		fields, _ := record.(map[string]any)
		domains, _ := fields["verifiedDomains"].([]any)
		for _, item := range domains {
			if domain, _ := item.(map[string]any); domain["isInitial"] == true {
				name, _ := domain["name"].(string)
				return name, nil
			}
		}
	}
	return "", fmt.Errorf("generating objects of tenant %s: its organization has no initial domain", t.Name)
}

func (t *Tenant) graphPrincipal() string {
	principals, _ := t.doc.Graph["servicePrincipals"].([]any)
	for _, item := range principals {
		if fields, _ := item.(map[string]any); fields["appId"] == graphAppID {
			id, _ := fields["id"].(string)
			return id
		}
	}
	return uuidOf("servicePrincipal", graphAppID)
}

// siteLocation is the member dataLocationCode of a generated site: that of the first
// site of the file, as only multi-geo tenants have one.
func (t *Tenant) siteLocation() string {
	sites, _ := t.doc.Graph["sites"].([]any)
	if len(sites) == 0 {
		return ""
	}
	site, _ := sites[0].(map[string]any)
	root, _ := site["siteCollection"].(map[string]any)
	if code, _ := root["dataLocationCode"].(string); code != "" {
		return `,"dataLocationCode":` + string(quoted(code))
	}
	return ""
}
