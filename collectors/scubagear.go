package collectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
)

// ScubaGear (CISA, https://github.com/cisagov/ScubaGear) saves what it read from a tenant
// as ProviderSettingsExport.json, and as the member Raw of ScubaResults_*.json. Its names
// are PowerShell's (PascalCase) for Graph beta, its times /Date(milliseconds)/, and lists
// of one may be their only element.

// scubaExport is an export that is being read.
type scubaExport struct {
	members map[string]json.RawMessage
	// succeeded and failed are the commands that the export lists as such, of every product.
	succeeded map[string]bool
	failed    map[string]bool
	tenant    evidence.Tenant
}

// scubaKind is one kind of evidence that an export gives.
type scubaKind struct {
	kind string
	// member is the export's member that holds it.
	member string
	// command is the command that must have succeeded.
	command string
	// always is why the kind is incomplete in every export, "" where it isn't.
	always string
	// objects makes the kind's objects, still with any field.
	objects func(e scubaExport) ([]map[string]any, error)
}

// scubaKinds lists every kind that is taken from an export.
func scubaKinds() []scubaKind {
	const roles = "The export holds the assignments of eight privileged roles only."
	return []scubaKind{
		{
			kind: "organization", member: "tenant_details", command: "Get-MgBetaOrganization",
			objects: scubaOrganization,
		},
		{
			kind: "authorization_policy", member: "authorization_policies", command: "Get-MgBetaPolicyAuthorizationPolicy",
			objects: scubaAuthorizationPolicy,
		},
		{
			kind: "role_assignments", member: "privileged_roles", command: "Get-PrivilegedRole",
			always: roles, objects: scubaRoleAssignments,
		},
		{
			kind: "role_schedules", member: "privileged_roles", command: "Get-PrivilegedRole",
			always: roles, objects: scubaRoleSchedules,
		},
		{
			kind: "permission_classifications", member: "risky_delegated_permission_classifications",
			command: "Get-ServicePrincipalsWithRiskyDelegatedPermissionClassifications",
			always:  "The export holds the classifications of risky permissions only.",
			objects: scubaClassifications,
		},
		{
			kind: "subscribed_skus", member: "license_information", command: "Get-MgBetaSubscribedSku",
			always:  "The export holds neither the service plans of the licences nor their state.",
			objects: scubaSkus,
		},
	}
}

func looksLikeScubaGear(d importDocument) bool {
	members, _ := scubaMembers(d)
	return members != nil
}

// scubaMembers are the export's members, from either of the two files that hold them.
func scubaMembers(d importDocument) (map[string]json.RawMessage, bool) {
	for _, members := range []map[string]json.RawMessage{d.object, rawMembers(d.object)} {
		if members["tenant_details"] == nil || members["module_version"] == nil {
			continue
		}
		for name := range members {
			if strings.HasSuffix(name, "_successful_commands") {
				return members, true
			}
		}
	}
	return nil, false
}

// scubaText is the text of the object that holds the export's members.
func scubaText(d importDocument) []byte {
	if d.object["tenant_details"] != nil {
		return d.text
	}
	return d.object["Raw"]
}

func rawMembers(object map[string]json.RawMessage) map[string]json.RawMessage {
	members, _ := jsonObject(object["Raw"])
	return members
}

func readScubaGear(d importDocument, o ImportOptions) (Import, error) {
	members, ok := scubaMembers(d)
	if !ok {
		return Import{}, errors.New("reading ScubaGear's export: it has no tenant_details, module_version and list of successful commands")
	}
	if name := repeatedName(scubaText(d), 1); name != "" {
		return Import{}, fmt.Errorf("reading ScubaGear's export: it has the member %q twice; export the tenant again", name)
	}
	e := scubaExport{members: members, succeeded: map[string]bool{}, failed: map[string]bool{}}
	for name := range members {
		switch {
		case strings.HasSuffix(name, "_unsuccessful_commands"):
			e.list(name, e.failed)
		case strings.HasSuffix(name, "_successful_commands"):
			e.list(name, e.succeeded)
		}
	}
	var err error
	if e.tenant, err = e.readTenant(); err != nil {
		return Import{}, err
	}
	if err := sameTenant(e.tenant.ID, o); err != nil {
		return Import{}, err
	}
	made, ok := readTime(jsonText(members["timestamp_zulu"]))
	if !ok && members["timestamp_zulu"] != nil {
		return Import{}, fmt.Errorf("reading ScubaGear's export: its timestamp_zulu %s is no time; export the tenant again", members["timestamp_zulu"])
	}
	if err := notFromTheFuture(made, o); err != nil {
		return Import{}, err
	}
	imported := Import{Tenant: e.tenant}
	for _, kind := range scubaKinds() {
		one, there, err := e.read(kind)
		if err != nil {
			return Import{}, fmt.Errorf("reading %s from ScubaGear's export: %w", kind.member, err)
		}
		if there {
			one.Time = made
			imported.Kinds = append(imported.Kinds, one)
		}
	}
	return imported, nil
}

// list adds the commands that a member names to a set.
func (e scubaExport) list(member string, set map[string]bool) {
	commands, err := jsonValue(e.members[member])
	if err != nil {
		return
	}
	for _, command := range asList(commands) {
		if name, ok := command.(string); ok {
			set[name] = true
		}
	}
}

// read makes one kind. there is false for a kind that the export was not asked for.
func (e scubaExport) read(k scubaKind) (one Imported, there bool, err error) {
	one = Imported{
		Kind: k.kind, Tier: evidence.Portal,
		API: "import: ScubaGear ProviderSettingsExport",
	}
	if e.failed[k.command] && !e.succeeded[k.command] {
		one.Gap = &evidence.Gap{
			Kind: k.kind, Reason: evidence.ServiceError,
			Message: fmt.Sprintf("ScubaGear's %s failed; run ScubaGear again and import its new export.", k.command),
		}
		return one, true, nil
	}
	if e.members[k.member] == nil {
		return one, false, nil
	}
	values, err := k.objects(e)
	missing := k.always
	switch {
	case errors.Is(err, errNoAssignments):
		missing = "The export holds no role assignments; ScubaGear reads them only where the tenant has Microsoft Entra ID P2."
	case err != nil:
		return one, false, err
	case !e.succeeded[k.command]:
		missing = fmt.Sprintf("The export doesn't say that %s succeeded.", k.command)
	}
	one.Objects = []json.RawMessage{}
	p := projection{unroll: true}
	for _, value := range values {
		object, err := p.object(k.kind, value)
		if err != nil {
			return one, false, err
		}
		one.Objects = append(one.Objects, object)
	}
	if missing == "" && len(p.misfits) > 0 {
		missing = fmt.Sprintf("The export's %s are of a type that is not known and were left out.", strings.Join(p.misfits, ", "))
	}
	one.Complete = missing == ""
	if !one.Complete {
		one.Gap = &evidence.Gap{Kind: k.kind, Reason: evidence.Partial, Message: missing}
	}
	return one, true, nil
}

// values reads a member as a list of objects with Graph's names and times.
func (e scubaExport) values(member string) ([]map[string]any, error) {
	value, err := jsonValue(e.members[member])
	if err != nil {
		return nil, err
	}
	var objects []map[string]any
	for _, item := range asList(value) {
		if item == nil {
			continue
		}
		object, ok := graphNames(item).(map[string]any)
		if !ok {
			return nil, errors.New("it is not a list of objects; export the tenant again")
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// graphNames turns PowerShell's names and times into Graph's, all the way down.
func graphNames(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(value))
		for name, inner := range value {
			object[lowerFirst(name)] = graphNames(inner)
		}
		return object
	case []any:
		items := make([]any, len(value))
		for i, inner := range value {
			items[i] = graphNames(inner)
		}
		return items
	case string:
		return jsonDate(value)
	}
	return value
}

func lowerFirst(name string) string {
	if name == "" || name[0] < 'A' || name[0] > 'Z' {
		return name
	}
	return string(name[0]+'a'-'A') + name[1:]
}

// readTenant finds the tenant's id, name and cloud. The organisation's own id counts
// first, as Graph gave it.
func (e scubaExport) readTenant() (evidence.Tenant, error) {
	details, err := e.values("tenant_details")
	if err != nil {
		return evidence.Tenant{}, fmt.Errorf("reading tenant_details from ScubaGear's export: %w", err)
	}
	var tenant evidence.Tenant
	for _, detail := range details {
		organization := organizationOf(detail)
		for _, id := range []any{organization["id"], detail["tenantId"], jsonText(e.members["tenant_id"])} {
			if text, ok := id.(string); ok && tenant.ID == "" && guidPattern.MatchString(text) {
				tenant.ID = strings.ToLower(text)
			}
		}
		for _, name := range []any{detail["displayName"], organization["displayName"]} {
			if text, ok := name.(string); ok && tenant.Name == "" {
				tenant.Name = text
			}
		}
	}
	if tenant.ID == "" {
		return evidence.Tenant{}, errors.New("reading tenant_details from ScubaGear's export: it names no tenant id; export the tenant again")
	}
	tenant.Cloud, err = e.cloud()
	return tenant, err
}

func (e scubaExport) cloud() (string, error) {
	config, _ := jsonObject(e.members["scuba_config"])
	environment := jsonText(config["M365Environment"])
	switch name := strings.ToLower(environment); name {
	case "commercial":
		return "global", nil
	case "gcc", "gcchigh", "dod":
		return name, nil
	case "":
		return "", nil
	}
	return "", fmt.Errorf("reading scuba_config from ScubaGear's export: the environment %q is not known; known are commercial, gcc, gcchigh and dod", environment)
}
