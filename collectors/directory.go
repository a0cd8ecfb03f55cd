package collectors

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
)

// directory lists what is read of licences, people, groups, roles and sites. Paths,
// permissions and page sizes are those of Microsoft Graph's reference, v1.0: the least
// permission, then the greater ones that it lists. Left out are those that show less than
// is asked for without an error, such as GroupMember.Read.All for groups.
func directory() []Collector {
	const principal = "?$expand=principal"
	everything := []string{"Directory.Read.All", "Directory.ReadWrite.All"}
	roles := []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory"}
	withAll := func(permissions ...string) []string { return append(permissions, everything...) }
	return []Collector{
		collection("organization", "organization?$select={fields}", withAll("Organization.Read.All", "Organization.ReadWrite.All")...),
		collection("subscribed_skus", "subscribedSkus?$select={fields}",
			withAll("LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All", "Organization.ReadWrite.All")...),
		collection("subscriptions", "directory/subscriptions?$select={fields}", withAll("Organization.Read.All", "Organization.ReadWrite.All")...),
		collection("users", "users?$select={fields}&$top=999&"+counted, withAll("User.Read.All", "User.ReadWrite.All")...),
		tracked(collection("groups", "groups?$select={fields}&$top=999&"+counted, withAll("Group.Read.All", "Group.ReadWrite.All")...)),
		collection("role_assignments", "roleManagement/directory/roleAssignments"+principal, append(roles, everything...)...),
		collection("role_schedules", "roleManagement/directory/roleAssignmentScheduleInstances"+principal,
			append([]string{"RoleAssignmentSchedule.Read.Directory", "RoleAssignmentSchedule.ReadWrite.Directory"}, roles...)...),
		collection("role_eligibility", "roleManagement/directory/roleEligibilityScheduleInstances"+principal,
			append([]string{"RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory"}, roles...)...),
		roleGroupMembers(),
		collection("sites", "sites/getAllSites()?$select={fields}&$top=999", "Sites.Read.All", "Sites.ReadWrite.All", "Sites.FullControl.All"),
	}
}

// collection is the collector of one Graph collection, read as it is.
func collection(kind, path string, permissions ...string) Collector {
	return Collector{
		Kind: kind, API: Graph, Paths: []string{path}, Permissions: permissions, Tier: evidence.API,
		read: func(ctx context.Context, r *reading) error {
			return r.list(ctx, r.path(0), nil)
		},
	}
}

// tracked is the collector of a Graph collection with the delta query that its first path
// has.
func tracked(c Collector) Collector {
	bare, _, _ := strings.Cut(c.Paths[0], "?")
	c.Changes = bare + "/delta?$select={fields}"
	return c
}

// document is the collector of one Graph object.
func document(kind, path string, permissions ...string) Collector {
	return Collector{
		Kind: kind, API: Graph, Paths: []string{path}, Permissions: permissions, Tier: evidence.API,
		read: func(ctx context.Context, r *reading) error {
			answer, err := r.get(ctx, r.path(0))
			if err != nil {
				return err
			}
			var object map[string]json.RawMessage
			if err := json.Unmarshal(answer.Body, &object); err != nil || len(object) == 0 {
				return misshapen(answer, "the answer")
			}
			return r.write(answer.Body)
		},
	}
}

// roleGroupMembers reads the transitive members of every group that holds a directory
// role or is eligible for one: one request per such group.
func roleGroupMembers() Collector {
	return Collector{
		Kind: "role_group_members", API: Graph, Tier: evidence.API,
		Paths:       []string{"groups/{id}/transitiveMembers?$select=id,displayName,userPrincipalName,accountEnabled,userType,onPremisesSyncEnabled,appId&$top=999"},
		Permissions: []string{"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		After:       []string{"role_assignments", "role_eligibility"},
		read:        readRoleGroupMembers,
	}
}

func readRoleGroupMembers(ctx context.Context, r *reading) error {
	groups, err := roleGroups(r.earlier("role_assignments"), r.earlier("role_eligibility"))
	if err != nil {
		return err
	}
	for _, group := range groups {
		add := map[string]string{"groupId": group}
		if err := r.list(ctx, r.path(0, "id", group), add); err != nil {
			return err
		}
	}
	return r.doubt("role_assignments", "role_eligibility")
}

// roleGroups returns the ids of the groups among the principals, sorted.
func roleGroups(lists ...[]json.RawMessage) ([]string, error) {
	holders, err := roleHolders(lists...)
	var groups []string
	for _, holder := range holders {
		if holder.Principal.Type == groupType {
			groups = append(groups, holder.PrincipalID)
		}
	}
	return groups, err
}
