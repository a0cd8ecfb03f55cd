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

// byResource groups permissions by API, leaving out Azure's, which are role assignments.
func byResource(needs []need) (apis []string, permissions map[string][]string) {
	permissions = map[string][]string{}
	for _, n := range needs {
		if resourceApps[n.API] == "" || n.Permission == "" {
			continue
		}
		if len(permissions[n.API]) == 0 {
			apis = append(apis, n.API)
		}
		permissions[n.API] = append(permissions[n.API], n.Permission)
	}
	return apis, permissions
}

// writeAzureCLI writes a script that registers an application for reading and grants it
// the permissions. Ids of permissions are looked up by name, so that none can be stale.
func writeAzureCLI(w io.Writer, needs []need) error {
	var script strings.Builder
	script.WriteString(`#!/usr/bin/env bash
# Registers an application that reads for domicile, and asks for its permissions. Read it
# before you run it; an administrator consents with the last command.
set -euo pipefail
app=$(az ad app create --display-name "domicile (reads)" --sign-in-audience AzureADMyOrg --query appId -o tsv)
az ad sp create --id "$app" >/dev/null
ask() { # API's application id, permission
  id=$(az ad sp show --id "$1" --query "appRoles[?value=='$2'].id | [0]" -o tsv)
  az ad app permission add --id "$app" --api "$1" --api-permissions "$id=Role"
}
`)
	apis, permissions := byResource(needs)
	for _, api := range apis {
		fmt.Fprintf(&script, "\n# %s\n", api)
		for _, permission := range permissions[api] {
			fmt.Fprintf(&script, "ask %s %s\n", resourceApps[api], permission)
		}
	}
	script.WriteString(`
# Azure: Reader on the subscriptions; on the root management group it proves coverage.
# az role assignment create --assignee "$app" --role Reader --scope /subscriptions/SUBSCRIPTION_ID
echo "application $app; consent to its permissions with: az ad app permission admin-consent --id $app"
`)
	_, err := io.WriteString(w, script.String())
	return err
}

// writeTerraform writes the same for the azuread provider.
func writeTerraform(w io.Writer, needs []need) error {
	var block strings.Builder
	apis, permissions := byResource(needs)
	block.WriteString("# An application that reads for domicile, for the azuread provider.\n")
	for _, api := range apis {
		fmt.Fprintf(&block, "data \"azuread_service_principal\" %q {\n  client_id = %q # %s\n}\n\n", terraformName(api), resourceApps[api], api)
	}
	block.WriteString("resource \"azuread_application\" \"domicile\" {\n  display_name     = \"domicile (reads)\"\n  sign_in_audience = \"AzureADMyOrg\"\n")
	for _, api := range apis {
		fmt.Fprintf(&block, "\n  required_resource_access {\n    resource_app_id = %q\n", resourceApps[api])
		for _, permission := range permissions[api] {
			fmt.Fprintf(&block, "\n    resource_access {\n      id   = data.azuread_service_principal.%s.app_role_ids[%q]\n      type = \"Role\"\n    }\n", terraformName(api), permission)
		}
		block.WriteString("  }\n")
	}
	block.WriteString("}\n\nresource \"azuread_service_principal\" \"domicile\" {\n  client_id = azuread_application.domicile.client_id\n}\n")
	for _, api := range apis {
		for _, permission := range permissions[api] {
			name := terraformName(api + "_" + permission)
			fmt.Fprintf(&block, "\nresource \"azuread_app_role_assignment\" %q {\n  app_role_id         = data.azuread_service_principal.%s.app_role_ids[%q]\n  principal_object_id = azuread_service_principal.domicile.object_id\n  resource_object_id  = data.azuread_service_principal.%s.object_id\n}\n",
				name, terraformName(api), permission, terraformName(api))
		}
	}
	_, err := io.WriteString(w, block.String())
	return err
}

// terraformName makes a name of Terraform's form.
func terraformName(text string) string {
	return strings.ToLower(strings.NewReplacer(" ", "_", ".", "_", "-", "_").Replace(text))
}
