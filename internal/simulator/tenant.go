// Package simulator is an HTTPS server that speaks as Microsoft's clouds do: sign-in,
// Microsoft Graph, the APIs of Defender XDR and Defender for Endpoint, and Azure
// Resource Manager, for one tenant that is described in a folder of files.
//
// In goes a tenant's folder (tenant.yaml, domicile.yaml, imports/, attestations/); out
// comes a server and a configuration that points at it. It must not write to anything
// but the folder it is told, nor listen on anything but the address it is told. It takes
// the writes of remediation as Microsoft documents them and keeps what they change as long
// as the server runs; every other request that isn't a read is refused.
package simulator

import (
	"time"
)

// Tenant is a simulated tenant, with every relative time made absolute. Load makes it,
// Generate grows it, Start serves it.
type Tenant struct {
	// Name is the name of the tenant's folder, such as good.
	Name string
	// ID is the tenant's id in Microsoft Entra.
	ID string
	// DisplayName is the organisation's name.
	DisplayName string
	// Cloud is the cloud that the tenant stands in: global, gcc, gcchigh, dod or china.
	Cloud string

	now      time.Time
	doc      document
	settings settings
	files    map[string][]byte
	extra    map[string]generated
}

// Secret returns the client id and the client secret that the tenant's sign-in accepts.
// Both are constants of the tenant's file and open nothing but this simulator.
func (t *Tenant) Secret() (clientID, secret string) {
	return t.doc.Client.ID, t.doc.Client.Secret
}

// Remediator returns the client id and the client secret of the application that may write,
// both empty where the tenant has none.
func (t *Tenant) Remediator() (clientID, secret string) {
	return t.doc.Remediator.ID, t.doc.Remediator.Secret
}

// document is tenant.yaml: what the servers answer.
type document struct {
	// Base names a tenant that this one changes: maps are merged key by key, null takes
	// a key away, "key+" adds to a list, "key~" merges into the objects of a list by id.
	Base        string `yaml:"base"`
	ID          string `yaml:"id"`
	DisplayName string `yaml:"displayName"`
	Cloud       string `yaml:"cloud"`
	Client      client `yaml:"client"`
	// Remediator is the application that may write. Its registration isn't in the directory,
	// so that a tenant reads the same with it and without.
	Remediator remediator `yaml:"remediator"`
	// Permissions are the roles in the token, by API.
	Permissions permissions `yaml:"permissions"`
	// PageSizes bound the pages of a Graph collection below what $top asks.
	PageSizes map[string]int `yaml:"pageSizes"`
	Faults    []Fault        `yaml:"faults"`
	// Onboarding is Defender for Endpoint's onboarding package.
	Onboarding *onboarding `yaml:"onboarding"`
	// Hunting holds the tables of advanced hunting; a table that isn't here can't be
	// resolved.
	Hunting map[string]table `yaml:"hunting"`
	// Roles are the assignments of directory roles, from which the three collections
	// of roleManagement are made.
	Roles []roleHolding `yaml:"roles"`
	// Members are the direct members of groups, by group id.
	Members map[string][]string `yaml:"members"`
	// Owners are the owners of applications, service principals and groups, by their id.
	Owners map[string][]string `yaml:"owners"`
	// RolePolicies say how the use of directory roles is guarded, by role; "*" is laid
	// under all of them.
	RolePolicies map[string]rolePolicy `yaml:"rolePolicies"`
	// People say how users sign in, by user id; "*" stands for everybody else.
	People map[string]person `yaml:"people"`
	// Licences are the assignments of SKUs to users, by SKU id.
	Licences map[string][]licencing `yaml:"licences"`
	// AppRoles are the application permissions granted, besides the reader's own.
	AppRoles []appRoleGrant `yaml:"appRoles"`
	// Graph holds collections (lists) and singletons (objects) by their path.
	Graph map[string]any `yaml:"graph"`
	MDE   endpointData   `yaml:"mde"`
	ARM   azureData      `yaml:"arm"`
	// Without lists files of the base, as patterns, that this tenant doesn't have.
	Without []string `yaml:"without"`
}

type client struct {
	ID     string `yaml:"id"`
	Secret string `yaml:"secret"`
}

// remediator is an application of Microsoft Graph with the roles in its token.
type remediator struct {
	ID          string   `yaml:"id"`
	Secret      string   `yaml:"secret"`
	Permissions []string `yaml:"permissions"`
}

type permissions struct {
	Graph []string `yaml:"graph"`
	XDR   []string `yaml:"xdr"`
	MDE   []string `yaml:"mde"`
}

type endpointData struct {
	MachineActions []any `yaml:"machineActions"`
}

type azureData struct {
	Subscriptions    []any `yaml:"subscriptions"`
	ManagementGroups []any `yaml:"managementGroups"`
	// Hidden are ids of subscriptions that exist and that the reader may not see.
	Hidden []string `yaml:"hidden"`
	// Resources are everything else by its id: workspaces and what is in them, storage
	// accounts, event hubs, clusters, capacities, role assignments.
	Resources []any `yaml:"resources"`
	// DiagnosticSettings are those of Microsoft Entra ID; the reader may not see them
	// where the key is absent.
	DiagnosticSettings *[]any `yaml:"diagnosticSettings"`
	// PageSize bounds the pages of a list; 0 means no bound.
	PageSize int `yaml:"pageSize"`
}

// roleHolding is one assignment of a directory role. How is assigned, activated or
// eligible; an assignment without an end is permanent.
type roleHolding struct {
	Principal    string `yaml:"principal"`
	Role         string `yaml:"role"`
	How          string `yaml:"how"`
	Scope        string `yaml:"scope"`
	Start        string `yaml:"start"`
	End          string `yaml:"end"`
	Organization string `yaml:"organization"`
}

// appRoleGrant is one application permission: the service principal that holds it, the
// resource's service principal and the permission's value.
type appRoleGrant struct {
	Principal string `yaml:"principal"`
	Resource  string `yaml:"resource"`
	Value     string `yaml:"value"`
	Created   string `yaml:"created"`
}

// settings are the parts of a tenant's domicile.yaml that WriteConfig hands on.
type settings struct {
	Version int            `yaml:"version"`
	Profile string         `yaml:"profile"`
	Params  map[string]any `yaml:"params"`
}
