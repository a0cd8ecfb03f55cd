// Package collectors says what is read from a tenant, one file per source, and reads
// it into a bundle of evidence.
//
// A Source goes in, which is read-only by type; objects in the shape that Microsoft
// documents come out, and a gap with its reason for whatever could not be read.
// Collectors never judge, and never mistake a refusal for an empty collection.
package collectors

import (
	"context"
	"slices"

	"github.com/domicile-audit/domicile/evidence"
)

// Collector reads one kind of evidence.
type Collector struct {
	Kind string
	API  API
	// Paths are what is asked, relative to the API's root. {fields} stands for the
	// kind's top-level fields, any other {name} for an id that an earlier answer gave.
	Paths []string
	// Changes is the delta query that tells what has changed in the collection of the first
	// path since an earlier one; empty where there is none, or one that doesn't track every
	// field. It selects {fields} and takes the same permissions.
	Changes string
	// Permissions are those of which any one suffices for an application, the least
	// first. Empty: the API has no such permissions (Azure decides by role assignments).
	Permissions []string
	// Also are permissions that are needed besides, Adds those without which a part is
	// missing.
	Also, Adds []string
	// Clouds are those where the API exists; empty means all.
	Clouds []string
	// Only are the clouds of single paths that not every one of Clouds has.
	Only map[string][]string
	// Personal collectors can be read with a person's token alone, never an application's.
	Personal bool
	// After are the kinds that must have been read before.
	After []string
	Tier  evidence.Tier

	// probe collectors are sent whatever the token carries: the refusal is the evidence.
	probe bool
	read  func(context.Context, *reading) error
}

// Need is what a collector takes, as domicile permissions shows it.
type Need struct {
	Kind       string
	API        API
	Permission string
	// Personal permissions are a person's alone.
	Personal bool
}

// withSecurity are the clouds that have Microsoft Graph's security namespace (Graph's
// own schemas: it is absent from China's).
var withSecurity = []string{"global", "gcc", "gcchigh", "dod"} //nolint:gochecknoglobals // a constant list

// All lists every collector. None asks once for each object of a collection that grows with
// the tenant. What is asked for more than once is few: the members, owners and eligible
// members of each group and application that holds a directory role (role_group_members,
// role_owners, group_eligibility); the permissions of each resource application
// (resource_permissions, app_role_assignments, permission_classifications); what hangs on
// each policy or agreement (app_management_policy, terms_of_use); and, in Azure, each
// subscription, each workspace, and each resource that data goes to.
func All() []Collector {
	return slices.Concat(directory(), privileged(), consent(), applications(), security(), azure(), workspaces())
}

// Default lists the kinds that a collection of a tenant in a cloud asks for by itself: those
// whose API the cloud has and that an application may read.
func Default(cloud string) []string {
	var kinds []string
	for _, collector := range All() {
		if collector.offeredIn(cloud) && !collector.Personal {
			kinds = append(kinds, collector.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// Needs lists the least permission of each of the kinds, by API and permission; a kind
// that is only imported needs none.
func Needs(kinds []string) []Need {
	var needs []Need
	for _, collector := range All() {
		if !slices.Contains(kinds, collector.Kind) {
			continue
		}
		permission := "Reader"
		if len(collector.Permissions) > 0 {
			permission = collector.Permissions[0]
		}
		for _, permission := range slices.Concat([]string{permission}, collector.Also, collector.Adds) {
			needs = append(needs, Need{collector.Kind, collector.API, permission, collector.Personal})
		}
	}
	return needs
}

// Required adds to kinds the kinds that their collectors need to have been read before.
func Required(kinds []string) []string {
	required := slices.Clone(kinds)
	for i := 0; i < len(required); i++ {
		for _, collector := range All() {
			if collector.Kind != required[i] {
				continue
			}
			for _, before := range collector.After {
				if !slices.Contains(required, before) {
					required = append(required, before)
				}
			}
		}
	}
	slices.Sort(required)
	return required
}

func (c Collector) offeredIn(cloud string) bool {
	return len(c.Clouds) == 0 || slices.Contains(c.Clouds, cloud)
}

// permitted says whether the token carries the permissions that suffice.
func (c Collector) permitted(granted []string) bool {
	has := func(permission string) bool { return slices.Contains(granted, permission) }
	lacks := func(permission string) bool { return !has(permission) }
	return len(c.Permissions) == 0 || slices.ContainsFunc(c.Permissions, has) && !slices.ContainsFunc(c.Also, lacks)
}

// lacks names the permission to grant: the least that would do, or what is needed
// besides it.
func (c Collector) lacks(granted []string) string {
	has := func(permission string) bool { return slices.Contains(granted, permission) }
	if slices.ContainsFunc(c.Permissions, has) {
		for _, permission := range c.Also {
			if !has(permission) {
				return permission
			}
		}
	}
	return c.Permissions[0]
}
