# METADATA
# title: SKUs
# description: |-
#   The products that Microsoft's eligibility texts name, by SKU id. The ids are those of
#   Microsoft's "Product names and service plan identifiers for licensing". A list
#   says only which product a SKU is; what it holds is read from its plans.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
package domicile.lib.licences_skus

# office_365_e5 are Office 365 E5 and A5.
office_365_e5 := {
	"c7df2760-2c81-4ef7-b578-5b5392b571df", # ENTERPRISEPREMIUM
	"26d45bd9-adf1-46cd-a9e1-51e9a5524128", # ENTERPRISEPREMIUM_NOPSTNCONF
	"cf50bae9-29e8-4775-b07c-56ee10e3776d", # Office_365_w/o_Teams_Bundle_E5
	"71772aeb-4bb8-4f74-9dd4-36c7a9b5ca74", # Office_365_E5_EEA_(no_Teams)_without_Audio_Conferencing
	"a4585165-0533-458a-97e3-c400570268c4", # ENTERPRISEPREMIUM_FACULTY
	"ee656612-49fa-43e5-b67e-cb1fdf7699df", # ENTERPRISEPREMIUM_STUDENT
}

# ems_e5 is Enterprise Mobility + Security E5, and what the US Government's clouds call
# it.
ems_e5 := {
	"b05e124f-c7cc-45a0-a6aa-8cf78c946968", # EMSPREMIUM
	"8a180c2b-f4cf-4d44-897c-3d32acc4a60b", # EMSPREMIUM_GOV
	"a461b89c-10e3-471c-82b8-aae4d820fccb", # EMSPREMIUM_USGOV_GCCHIGH
}

# windows_e5 are Windows 10/11 Enterprise E5 and A5.
windows_e5 := {
	"1e7e1070-8ccb-4aca-b470-d7cb538cb07e", # WIN_ENT_E5
	"488ba24a-39a9-4473-8ee5-19291e71b002", # WIN10_VDA_E5
	"7b1a89a9-5eb9-4cf8-9467-20c943f1122c", # WIN10_ENT_A5_FAC
	"938fd547-d794-42a4-996c-1cc206619580", # WINE5_GCC_COMPAT
}

# e5_security_for_ems_e5 is Microsoft 365 E5 Security for holders of Enterprise Mobility
# + Security E5.
e5_security_for_ems_e5 := {"44ac31e7-2999-4304-ad94-c948886741d4"} # IDENTITY_THREAT_PROTECTION_FOR_EMS_E5

# named_2020 are Microsoft 365 E5 and A5 and Microsoft 365 E5 Security, which every text
# since the first of 2020 names as sufficient.
named_2020 := {
	"06ebc4ee-1bb5-47dd-8120-11324bc54e06", # SPE_E5
	"cd2925a3-5076-4233-8931-638a8c94f773", # SPE_E5_NOPSTNCONF
	"a91fc4e0-65e5-4266-aa76-4037509c1626", # SPE_E5_CALLINGMINUTES
	"4eb45c5b-0d19-4e33-b87c-adfc25268f20", # SPE_E5_USGOV_GCCHIGH
	"db684ac5-c0e7-4f92-8284-ef9ebde75d33", # Microsoft_365_E5
	"2113661c-6509-4034-98bb-9c47bd28d63c", # Microsoft_365_E5_without_Audio_Conferencing
	"3271cf8e-2be5-4a09-a549-70fd05baaa17", # O365_w/o_Teams_Bundle_M5
	"1e988bf3-8b7c-4731-bec0-4e2a2946600c", # O365_w/o_Teams_Bundle_M5_(500_seats_min)_HUB
	"6ee4114a-9b2d-4577-9e7a-49fa43d222d3", # Microsoft_365_E5_EEA_(no_Teams)_with_Calling_Minutes
	"90277bc7-a6fe-4181-99d8-712b08b8d32b", # Microsoft_365_E5_EEA_(no_Teams)_without_Audio_Conferencing
	"a640eead-25f6-4bec-97e3-23cfd382d7c2", # the same, 500 seats and more
	"c42b9cae-ea4f-4ab7-9717-81576235ccac", # DEVELOPERPACK_E5
	"e97c048c-37a4-45fb-ab50-922fbf07a370", # M365EDU_A5_FACULTY
	"46c119d4-0379-4a9d-85e4-97c66d3f909e", # M365EDU_A5_STUDENT
	"31d57bc7-3a05-4867-ab53-97a17835a411", # M365EDU_A5_STUUSEBNFT
	"81441ae1-0b31-4185-a6c0-32b6b84d419f", # M365EDU_A5_NOPSTNCONF_STUUSEBNFT
	"26124093-3d78-432b-b5dc-48bf992543d5", # IDENTITY_THREAT_PROTECTION
}
