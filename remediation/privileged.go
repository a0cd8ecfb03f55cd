package remediation

import "strings"

// PrivilegedRoles are the template ids of the roles that count as privileged where the parameter
// privileged_roles doesn't name others, as the rules have them.
func PrivilegedRoles() []string {
	return []string{
		globalAdministrator,
		"e8611ab8-c189-46e8-94e1-60213ab1f814", // Privileged Role Administrator
		"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", // Application Administrator
		"158c047a-c907-4556-b7ef-446551a6b5f7", // Cloud Application Administrator
		"194ae4cb-b126-40b2-bd5b-6091b380977d", // Security Administrator
		"17315797-102d-40b4-93e0-432062caca18", // Compliance Administrator
		"fe930be7-5e62-47db-91af-98c3a49a38b1", // User Administrator
		"f28a1f50-f6e7-4571-818b-6a12f2af6b6c", // SharePoint Administrator
		"29232cdf-9323-42fd-ade2-1d097af3e4de", // Exchange Administrator
		"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", // Hybrid Identity Administrator
		"7be44c8a-adaf-4e2a-84d6-ab2649e08a13", // Privileged Authentication Administrator
		"c4e39bd9-1100-46d3-8c65-fb160da0071f", // Authentication Administrator
		"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", // Conditional Access Administrator
		"3a2c62db-5318-420d-8d74-23affee5d9d5", // Intune Administrator
		"892c5842-a9a6-463a-8041-72aa08ca3cf6", // Cloud App Security Administrator
		"9360feb5-f418-4baa-8175-e2a00bac4301", // Directory Writers
		"4ba39ca4-527c-499a-b93d-d9b492c50246", // Partner Tier1 Support
		"e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8", // Partner Tier2 Support
	}
}

// privileged are the ids of the roles that the parameter privileged_roles names, in which a word
// stands for the default ones.
func privileged(parameter any) []string {
	named := texts(parameter)
	if word, ok := parameter.(string); ok {
		named = []string{word}
	}
	var ids []string
	for _, id := range named {
		switch id {
		case "default", "+":
			ids = append(ids, PrivilegedRoles()...)
		default:
			ids = append(ids, strings.ToLower(id))
		}
	}
	return ids
}
