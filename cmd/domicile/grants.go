package main

import (
	"fmt"
	"io"
	"strings"
)

// resourceApps are the application ids of the APIs that grant application permissions.
var resourceApps = map[string]string{ //nolint:gochecknoglobals // a constant table
	"Microsoft Graph":             "00000003-0000-0000-c000-000000000000",
	"Microsoft Threat Protection": "8ee8fdad-f234-4243-8f3b-15c294843740",
	"WindowsDefenderATP":          "fc780465-2017-40d4-a0c5-307022471b92",
}

// grants are needs sorted by how they are granted.
type grants struct {
	apis []string
	// asked are the application permissions of each of the apis.
	asked map[string][]need
	// azure are the role assignments, personal what only a person may be granted.
	azure, personal []need
}

func grantsOf(needs []need) grants {
	g := grants{asked: map[string][]need{}}
	for _, n := range needs {
		switch {
		case n.Permission == "":
			g.personal = append(g.personal, n)
		case resourceApps[n.API] == "":
			g.azure = append(g.azure, n)
		default:
			if len(g.asked[n.API]) == 0 {
				g.apis = append(g.apis, n.API)
			}
			g.asked[n.API] = append(g.asked[n.API], n)
		}
	}
	return g
}

// reason says, as a comment, which evidence a permission is for.
func reason(n need) string { return "# " + strings.Join(n.Kinds, ", ") }

// notGranted names, as comments, the permissions that no application may have.
func (g grants) notGranted() string {
	var said strings.Builder
	for _, n := range g.personal {
		fmt.Fprintf(&said, "# Left out, as only a person's sign-in may have it: %s, for %s.\n", n.Delegated, strings.Join(n.Kinds, ", "))
	}
	return said.String()
}

const azureCLIHead = `#!/usr/bin/env bash
# Registers an application that reads for domicile, and asks for its permissions, each with
# the evidence that it is for. Read it before you run it, signed in with az login (in a
# national cloud after az cloud set). Nothing is granted until an administrator consents.
set -euo pipefail
app=$(az ad app create --display-name "domicile (reads)" --sign-in-audience AzureADMyOrg --query appId -o tsv)
az ad sp show --id "$app" >/dev/null 2>&1 || az ad sp create --id "$app" >/dev/null
api() { # the name and the application id of an API, whose permissions the tenant itself knows
  name=$1 api=$2
  roles=$(az ad sp show --id "$api" --query "appRoles[?contains(allowedMemberTypes, 'Application')].[value, id]" -o tsv) || roles=
}
ask() { # a permission
  id=$(awk -F '\t' -v value="$1" '$1 == value { print $2 }' <<<"$roles")
  if [ -z "$id" ]; then
    echo "left out: in this tenant, $name has no application permission $1" >&2
    return
  fi
  az ad app permission add --only-show-errors --id "$app" --api "$api" --api-permissions "$id=Role"
}
`

const azureCLIRole = `
# Azure: Reader on the subscriptions. On the root management group, whose name is the
# tenant's id, it covers every subscription and proves so. Choose a scope, uncomment it and
# the assignment, which is for:
%s
# scope=/subscriptions/SUBSCRIPTION_ID
# scope=/providers/Microsoft.Management/managementGroups/TENANT_ID
# az role assignment create --role Reader --scope "$scope" \
#   --assignee-object-id "$(az ad sp show --id "$app" --query id -o tsv)" --assignee-principal-type ServicePrincipal
`

const azureCLIEnd = `
cat <<END
application $app asks for its permissions. An administrator consents to them
  in the Microsoft Entra admin center, in every cloud: App registrations >
  domicile (reads) > API permissions > Grant admin consent; or,
  in the worldwide cloud: az ad app permission admin-consent --id $app
Then give it a certificate or a federated credential.
END
`

// writeAzureCLI writes a script that registers an application for reading and asks for
// the permissions. Their ids are looked up by name in the tenant, so that none can be stale
// or another cloud's; what the tenant doesn't offer is named and left out.
func writeAzureCLI(w io.Writer, needs []need) error {
	g := grantsOf(needs)
	var script strings.Builder
	script.WriteString(azureCLIHead)
	for _, api := range g.apis {
		fmt.Fprintf(&script, "\napi %q %s\n", api, resourceApps[api])
		for _, n := range g.asked[api] {
			fmt.Fprintf(&script, "ask %s %s\n", n.Permission, reason(n))
		}
	}
	for _, n := range g.azure {
		fmt.Fprintf(&script, azureCLIRole, reason(n))
	}
	if left := g.notGranted(); left != "" {
		script.WriteString("\n" + left)
	}
	script.WriteString(azureCLIEnd)
	_, err := io.WriteString(w, script.String())
	return err
}

const terraformHead = `# An application that reads for domicile, for the azuread provider (2.44 or later), with the
# evidence that each permission is for. Applying it consents to the permissions too. A cloud
# that lacks an API or a permission fails the plan, which names it: take its line out.
`

const terraformBody = `
data "azuread_service_principal" "domicile_reads" {
  for_each  = local.domicile_reads
  client_id = each.key
}

resource "azuread_application" "domicile" {
  display_name     = "domicile (reads)"
  sign_in_audience = "AzureADMyOrg"

  dynamic "required_resource_access" {
    for_each = local.domicile_reads
    content {
      resource_app_id = required_resource_access.key

      dynamic "resource_access" {
        for_each = required_resource_access.value
        content {
          id   = data.azuread_service_principal.domicile_reads[required_resource_access.key].app_role_ids[resource_access.value]
          type = "Role"
        }
      }
    }
  }
}

resource "azuread_service_principal" "domicile" {
  client_id = azuread_application.domicile.client_id
}

resource "azuread_app_role_assignment" "domicile" {
  for_each = merge([
    for api, permissions in local.domicile_reads : {
      for permission in permissions : "${api}/${permission}" => { api = api, permission = permission }
    }
  ]...)
  app_role_id         = data.azuread_service_principal.domicile_reads[each.value.api].app_role_ids[each.value.permission]
  principal_object_id = azuread_service_principal.domicile.object_id
  resource_object_id  = data.azuread_service_principal.domicile_reads[each.value.api].object_id
}
`

const terraformRole = `
# Azure: Reader on the subscriptions. On the root management group, whose name is the
# tenant's id, it covers every subscription and proves so. Uncomment it where you have the
# azurerm provider; it is for:
%s
# resource "azurerm_role_assignment" "domicile" {
#   scope                = "/providers/Microsoft.Management/managementGroups/TENANT_ID"
#   role_definition_name = "Reader"
#   principal_id         = azuread_service_principal.domicile.object_id
#   principal_type       = "ServicePrincipal"
# }
`

// writeTerraform writes the same for the azuread provider.
func writeTerraform(w io.Writer, needs []need) error {
	g := grantsOf(needs)
	var block strings.Builder
	block.WriteString(terraformHead + g.notGranted())
	block.WriteString("locals {\n  domicile_reads = {\n")
	for _, api := range g.apis {
		fmt.Fprintf(&block, "    # %s\n    %q = [\n", api, resourceApps[api])
		for _, n := range g.asked[api] {
			fmt.Fprintf(&block, "      %s\n      %q,\n", reason(n), n.Permission)
		}
		block.WriteString("    ]\n")
	}
	block.WriteString("  }\n}\n" + terraformBody)
	for _, n := range g.azure {
		fmt.Fprintf(&block, terraformRole, reason(n))
	}
	_, err := io.WriteString(w, block.String())
	return err
}
