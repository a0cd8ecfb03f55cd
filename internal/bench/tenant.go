package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
)

// tenantOptions say how large a generated tenant is.
type tenantOptions struct {
	// Objects counts the objects of the large kinds together.
	Objects int
	// Applications are how many of them are service principals; zero is one in twenty.
	Applications int
	Seed         uint64
}

// The tenant and the time at which it was read.
const (
	tenantID = "5f000000-0000-4000-8000-000000000001"
	readAt   = "2026-03-02T08:00:00Z"
)

const (
	microsoft = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
	suite     = "06ebc4ee-1bb5-47dd-8120-11324bc54e06"
	office    = "18181a46-0d4e-45cd-891e-60aabd171b4e"
	endpoint  = "871d91ec-ec1a-452b-a83f-bd76c7d770ef"
	multiGeo  = "897d51f1-2cfa-4848-9b30-469149f5e68e"
	siteGeo   = "735c1d98-dd3f-4818-b4ed-c8052e18e62d"
)

// resource is an application that offers permissions.
type resource struct {
	app, name     string
	roles, scopes []string
}

// resources are the applications whose permissions others hold: of each, the harmless
// permissions stand first.
func resources() []resource {
	return []resource{
		{
			app: "00000003-0000-0000-c000-000000000000", name: "Microsoft Graph",
			roles:  []string{"User.Read.All", "Group.Read.All", "Calendars.Read", "Reports.Read.All", "SecurityIncident.Read.All", "Application.ReadWrite.All"},
			scopes: []string{"openid", "profile", "email", "offline_access", "User.Read", "Mail.ReadWrite", "Directory.ReadWrite.All"},
		},
		{
			app: "fc780465-2017-40d4-a0c5-307022471b92", name: "WindowsDefenderATP",
			roles: []string{"Machine.Read.All"},
		},
	}
}

// kindOf is a kind of evidence: how many objects, and each as JSON.
type kindOf struct {
	name  string
	count int
	write func(r *rand.Rand, i int) string
}

// largeKinds are the kinds of which a large tenant has many.
func largeKinds() []string {
	return []string{"users", "oauth2_permission_grants", "app_role_assignments", "groups", "sites", "service_principals"}
}

// kinds are the contents of a tenant.
func (o tenantOptions) kinds() []kindOf {
	apps := o.Applications
	if apps == 0 {
		apps = max(o.Objects/20, 1)
	}
	rest := max(o.Objects-apps, 0)
	share := func(percent int) int { return rest * percent / 95 }
	users := share(50)
	grants, assignments, groups := share(20), share(9), share(10)
	sites := rest - users - grants - assignments - groups
	return []kindOf{
		{"users", users, user},
		{"oauth2_permission_grants", grants, func(r *rand.Rand, i int) string { return grant(r, i, apps, max(users, 1)) }},
		{"app_role_assignments", assignments, func(r *rand.Rand, i int) string { return assignment(r, i, apps) }},
		{"groups", groups, group},
		{"sites", sites, site},
		{"service_principals", apps, principal},
		{"resource_permissions", len(permissions()), func(_ *rand.Rand, i int) string { return permissions()[i] }},
		{"subscribed_skus", 2, sku},
		{"role_assignments", 40, roleAssignment},
		{"role_schedules", 0, nil},
		{"role_eligibility", 0, nil},
		{"role_group_members", 0, nil},
		{"organization", 1, organization},
	}
}

// write writes the tenant's bundle.
func (o tenantOptions) write(dir string) error {
	started, err := time.Parse(time.RFC3339, readAt)
	if err != nil {
		return err
	}
	writer, err := evidence.Create(dir, evidence.Manifest{
		Tenant: evidence.Tenant{ID: tenantID, Name: "Generated", Cloud: "global"}, Tool: "bench", Started: started,
		Reader: evidence.Reader{TenantID: tenantID, AppID: id("ad", 0)},
	})
	if err != nil {
		return err
	}
	defer writer.Abort() //nolint:errcheck // after Close it does nothing, and before it the first error counts
	for n, kind := range o.kinds() {
		out, err := writer.Kind(evidence.Entry{Kind: kind.name, Tier: evidence.API, API: "generated", Time: started})
		if err != nil {
			return err
		}
		r := rand.New(rand.NewPCG(o.Seed, uint64(n))) //nolint:gosec // evidence that comes out the same each time
		for i := range kind.count {
			if err := out.Write([]byte(kind.write(r, i))); err != nil {
				return err
			}
		}
		out.Page(1)
		out.Complete()
	}
	_, err = writer.Close(started.Add(time.Minute))
	return err
}

// id is the i-th id of a sort of objects.
func id(sort string, i int) string { return fmt.Sprintf("%s000000-0000-4000-8000-%012x", sort, i) }

// oneIn is true once in n times.
func oneIn(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

func quoteOrNull(text string) string {
	if text == "" {
		return "null"
	}
	return `"` + text + `"`
}

// preferred is a preferred data location: none for most, and an American one now and then.
func preferred(r *rand.Rand, wrong int) string {
	switch {
	case oneIn(r, wrong):
		return "NAM"
	case oneIn(r, 5):
		return "EUR"
	default:
		return ""
	}
}

func user(r *rand.Rand, i int) string {
	country := pick(r, allowedCountries()...)
	if oneIn(r, 200) {
		country = "BR"
	}
	licences, plans, states := "", "", ""
	if oneIn(r, 2) {
		sku, off, state, cause := suite, "", "Active", "None"
		plans = fmt.Sprintf(`{"servicePlanId":%q,"service":"WindowsDefenderATP","capabilityStatus":"Enabled"}`, endpoint)
		switch {
		case oneIn(r, 100):
			sku, plans = office, ""
		case oneIn(r, 120):
			off, plans = `"`+endpoint+`"`, ""
		}
		if oneIn(r, 150) {
			state, cause = "Error", "CountViolation"
		}
		licences = fmt.Sprintf(`{"skuId":%q,"disabledPlans":[%s]}`, sku, off)
		states = fmt.Sprintf(`{"skuId":%q,"state":%q,"error":%q,"assignedByGroup":null,"disabledPlans":[%s]}`, sku, state, cause, off)
	}
	return fmt.Sprintf(`{"id":%q,"displayName":"Person %d","userPrincipalName":"person.%d@generated.example","accountEnabled":%t,"userType":%q,"usageLocation":%q,`+
		`"preferredDataLocation":%s,"onPremisesSyncEnabled":%s,"createdDateTime":"2024-01-15T08:00:00Z","externalUserState":null,"assignedLicenses":[%s],"assignedPlans":[%s],"licenseAssignmentStates":[%s]}`,
		id("a1", i), i, i, !oneIn(r, 20), pick(r, "Member", "Member", "Member", "Guest"), country,
		quoteOrNull(preferred(r, 300)), pick(r, "true", "null"), licences, plans, states)
}

func group(r *rand.Rand, i int) string {
	return fmt.Sprintf(`{"id":%q,"displayName":"Team %d","preferredDataLocation":%s,"isAssignableToRole":null,"onPremisesSyncEnabled":%s}`,
		id("a2", i), i, quoteOrNull(preferred(r, 150)), pick(r, "true", "null"))
}

func site(r *rand.Rand, i int) string {
	code := "EUR"
	if oneIn(r, 60) {
		code = "NAM"
	}
	return fmt.Sprintf(`{"id":"generated.sharepoint.example,%s,%s","displayName":"Project %d","webUrl":"https://generated.sharepoint.example/sites/project-%d","isPersonalSite":false,`+
		`"siteCollection":{"hostname":"generated.sharepoint.example","dataLocationCode":%q}}`, id("a6", i), id("a7", i), i, i, code)
}

// principal is a service principal: first the resources', then the organisation's own, and some
// of others.
func principal(r *rand.Rand, i int) string {
	name, app, owner, verified := fmt.Sprintf("Application %d", i), id("b1", i), tenantID, "null"
	switch {
	case i < len(resources()):
		name, app, owner = resources()[i].name, resources()[i].app, microsoft
	case oneIn(r, 10):
		owner = id("c1", i%40)
		if !oneIn(r, 3) {
			verified = `"1234567"`
		}
	}
	return fmt.Sprintf(`{"id":%q,"appId":%q,"displayName":%q,"appOwnerOrganizationId":%q,"servicePrincipalType":"Application","accountEnabled":true,"signInAudience":"AzureADMyOrg",`+
		`"tags":["WindowsAzureActiveDirectoryIntegratedApp"],"passwordCredentials":[],"keyCredentials":[],"verifiedPublisher":{"displayName":null,"verifiedPublisherId":%s,"addedDateTime":null}}`,
		id("a3", i), app, name, owner, verified)
}

// holder is the index of an application that may hold permissions.
func holder(r *rand.Rand, apps int) int {
	first := min(len(resources()), apps-1)
	return first + r.IntN(apps-first)
}

func grant(r *rand.Rand, i, apps, users int) string {
	consent, person, scope := "Principal", id("a1", r.IntN(users)), "openid profile User.Read"
	if oneIn(r, 20) {
		consent, person = "AllPrincipals", ""
		if oneIn(r, 6) {
			scope += " " + pick(r, "Mail.ReadWrite", "Directory.ReadWrite.All")
		}
	}
	return fmt.Sprintf(`{"id":"%x-%s","clientId":%q,"consentType":%q,"principalId":%s,"resourceId":%q,"scope":%q}`,
		r.Uint64(), id("a4", i), id("a3", holder(r, apps)), consent, quoteOrNull(person), id("a3", 0), scope)
}

func assignment(r *rand.Rand, i, apps int) string {
	from, role := 0, r.IntN(4)
	switch r.IntN(300) {
	case 0, 1, 2:
		role = 4
	case 3, 4:
		role = 5
	case 5, 6, 7:
		from, role = 1, 0
	}
	sort, kind := "a3", "ServicePrincipal"
	held := holder(r, apps)
	if oneIn(r, 4) {
		sort, kind, from, role = "a1", "User", 0, 0
	}
	return fmt.Sprintf(`{"id":"%x-%s","appRoleId":%q,"createdDateTime":"2025-05-01T08:00:00Z","principalDisplayName":"Application %d","principalId":%q,"principalType":%q,"resourceDisplayName":%q,"resourceId":%q}`,
		r.Uint64(), id("a5", i), roleID(from, role), held, id(sort, held), kind, resources()[from].name, id("a3", from))
}

func roleID(resource, role int) string { return id(fmt.Sprintf("d%d", resource), role) }

// permissions are the resources' permissions, one an object.
func permissions() []string {
	var list []string
	for n, resource := range resources() {
		for _, offered := range []struct {
			kind, sort string
			names      []string
		}{{"Role", "d", resource.roles}, {"Scope", "e", resource.scopes}} {
			for i, name := range offered.names {
				list = append(list, fmt.Sprintf(`{"resourceId":%q,"appId":%q,"id":%q,"value":%q,"type":%q}`,
					id("a3", n), resource.app, id(fmt.Sprintf("%s%d", offered.sort, n), i), name, offered.kind))
			}
		}
	}
	return list
}

func sku(_ *rand.Rand, i int) string {
	plan := func(id, name string) string {
		return fmt.Sprintf(`{"servicePlanId":%q,"servicePlanName":%q,"provisioningStatus":"Success","appliesTo":"User"}`, id, name)
	}
	sku, name, plans := office, "STANDARDPACK", ""
	if i == 0 {
		sku, name = suite, "SPE_E5"
		plans = strings.Join([]string{plan(endpoint, "WINDEFATP"), plan(multiGeo, "EXCHANGEONLINE_MULTIGEO"), plan(siteGeo, "SHAREPOINTONLINE_MULTIGEO")}, ",")
	}
	return fmt.Sprintf(`{"id":%q,"skuId":%q,"skuPartNumber":%q,"appliesTo":"User","capabilityStatus":"Enabled","consumedUnits":1,"prepaidUnits":{"enabled":2000000,"warning":0,"suspended":0,"lockedOut":0},"servicePlans":[%s],"subscriptionIds":[]}`,
		id("a8", i), sku, name, plans)
}

func roleAssignment(_ *rand.Rand, i int) string {
	role := "62e90394-69f5-4237-9190-012177145e10"
	if i > 3 {
		role = "5d6b6bb7-de71-4623-b4af-96380a352509"
	}
	return fmt.Sprintf(`{"id":%q,"principalId":%q,"roleDefinitionId":%q,"directoryScopeId":"/","appScopeId":null,"principal":{"@odata.type":"#microsoft.graph.user","id":%q,"displayName":"Person %d"}}`,
		id("a9", i), id("a1", i), role, id("a1", i), i)
}

func organization(*rand.Rand, int) string {
	return fmt.Sprintf(`{"id":%q,"displayName":"Generated","countryLetterCode":"DE","preferredDataLocation":"EUR"}`, tenantID)
}
