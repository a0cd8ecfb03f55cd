# The licences that the tests of this topic are made of: Microsoft's SKUs that carry a
# Defender plan, from "Product names and service plan identifiers for licensing", and a
# function that makes of one what Microsoft Graph lists.
package domicile.lib.licences_fixtures_test

import data.domicile.lib.licences

# catalogue gives each SKU's id and the Defender plans it comes with.
catalogue := {
	"EMSPREMIUM": ["b05e124f-c7cc-45a0-a6aa-8cf78c946968", ["ADALLOM_S_STANDALONE", "ATA"]],
	"EMSPREMIUM_USGOV_GCCHIGH": ["a461b89c-10e3-471c-82b8-aae4d820fccb", ["ADALLOM_S_STANDALONE", "ATA"]],
	"EMSPREMIUM_GOV": ["8a180c2b-f4cf-4d44-897c-3d32acc4a60b", ["ADALLOM_S_STANDALONE", "ATA"]],
	"THREAT_INTELLIGENCE": ["3dd6cf57-d688-4eed-ba52-9e40b5468c3e", ["THREAT_INTELLIGENCE", "MTP"]],
	"M365EDU_A3_FACULTY": ["4b590615-0888-425a-a965-b3bf7789848d", ["MDE_LITE"]],
	"M365EDU_A3_STUDENT": ["7cfd9a2b-e110-4c39-bf20-c6a3f36a3121", ["MDE_LITE"]],
	"Microsoft 365 A3 Suite features for faculty": ["32a0e471-8a27-4167-b24f-941559912425", ["MDE_LITE"]],
	"M365EDU_A5_FACULTY": ["e97c048c-37a4-45fb-ab50-922fbf07a370", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"M365EDU_A5_STUDENT": ["46c119d4-0379-4a9d-85e4-97c66d3f909e", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"M365EDU_A5_STUUSEBNFT": ["31d57bc7-3a05-4867-ab53-97a17835a411", ["ADALLOM_S_STANDALONE", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"M365EDU_A5_NOPSTNCONF_STUUSEBNFT": ["81441ae1-0b31-4185-a6c0-32b6b84d419f", ["ADALLOM_S_STANDALONE", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"SPB": ["cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", ["MDE_SMB"]],
	"Office_365_w/o_Teams_Bundle_Business_Premium": ["a3f586b6-8cce-4d9b-99d6-55238397f77a", ["MDE_SMB"]],
	"SPE_E3": ["05e9a617-0261-4cee-bb44-138d3ef5d965", ["MDE_LITE"]],
	"Microsoft_365_E3_(no_Teams)": ["dcf0408c-aaec-446c-afd4-43e3683943ea", ["MDE_LITE"]],
	"O365_w/o Teams Bundle_M3": ["c2fe850d-fbbb-4858-b67d-bd0c6e746da3", ["MDE_LITE"]],
	"Microsoft_365_E3_EEA_(no_Teams)_Unattended_License": ["a23dbafb-3396-48b3-ad9c-a304fe206043", ["MDE_LITE"]],
	"SPE_E3_RPA1": ["c2ac2ee4-9bb1-47e4-8541-d689c7e83371", ["MDE_LITE"]],
	"Microsoft_365_E3": ["0c21030a-7e60-4ec7-9a0f-0042e0e0211a", ["MDE_LITE"]],
	"O365_w/o Teams Bundle_M3_(500_seats_min)_HUB": ["602e6573-55a3-46b1-a1a0-cc267991501a", ["MDE_LITE"]],
	"SPE_E5": ["06ebc4ee-1bb5-47dd-8120-11324bc54e06", ["Defender_for_Iot_Enterprise", "ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"Microsoft_365_E5_EEA_(no_Teams)_with_Calling_Minutes": ["6ee4114a-9b2d-4577-9e7a-49fa43d222d3", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE"]],
	"Microsoft_365_E5_EEA_(no_Teams)_without_Audio_Conferencing": ["90277bc7-a6fe-4181-99d8-712b08b8d32b", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"Microsoft_365_E5": ["db684ac5-c0e7-4f92-8284-ef9ebde75d33", ["Defender_for_Iot_Enterprise", "ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"DEVELOPERPACK_E5": ["c42b9cae-ea4f-4ab7-9717-81576235ccac", ["ADALLOM_S_STANDALONE", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"INFORMATION_PROTECTION_COMPLIANCE": ["184efa21-98c3-4e5d-95ab-d07053a96e67", ["ADALLOM_S_STANDALONE"]],
	"O365_w/o_Teams_Bundle_M5": ["3271cf8e-2be5-4a09-a549-70fd05baaa17", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"IDENTITY_THREAT_PROTECTION": ["26124093-3d78-432b-b5dc-48bf992543d5", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"IDENTITY_THREAT_PROTECTION_FOR_EMS_E5": ["44ac31e7-2999-4304-ad94-c948886741d4", ["WINDEFATP", "THREAT_INTELLIGENCE", "MTP"]],
	"SPE_E5_CALLINGMINUTES": ["a91fc4e0-65e5-4266-aa76-4037509c1626", ["Defender_for_Iot_Enterprise", "ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE"]],
	"SPE_E5_NOPSTNCONF": ["cd2925a3-5076-4233-8931-638a8c94f773", ["Defender_for_Iot_Enterprise", "ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"Microsoft_365_E5_without_Audio_Conferencing": ["2113661c-6509-4034-98bb-9c47bd28d63c", ["Defender_for_Iot_Enterprise", "ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"O365_w/o_Teams_Bundle_M5_(500_seats_min)_HUB": ["1e988bf3-8b7c-4731-bec0-4e2a2946600c", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"Microsoft_365_E5_EEA_(no_Teams)_without_Audio_Conferencing_(500_seats_min)_HUB": ["a640eead-25f6-4bec-97e3-23cfd382d7c2", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"SPE_E5_USGOV_GCCHIGH": ["4eb45c5b-0d19-4e33-b87c-adfc25268f20", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE"]],
	"SPE_F5_COMP": ["91de26be-adfa-4a3d-989e-9131cc23dda7", ["ADALLOM_S_STANDALONE"]],
	"SPE_F5_COMP_AR_D_USGOV_DOD": ["9cfd6bc3-84cd-4274-8a21-8c7c41d6c350", ["ADALLOM_S_STANDALONE_DOD"]],
	"SPE_F5_COMP_AR_USGOV_GCCHIGH": ["9f436c0e-fb32-424b-90be-6a9f2919d506", ["ADALLOM_S_STANDALONE"]],
	"SPE_F5_COMP_GCC": ["3f17cf90-67a2-4fdb-8587-37c1539507e1", ["ADALLOM_S_STANDALONE"]],
	"SPE_F5_SEC": ["67ffe999-d9ca-49e1-9d2c-03fb28aa7a48", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"SPE_F5_SECCOMP": ["32b47245-eb31-44fc-b945-a8b1576c439f", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"M365_G5_GCC": ["e2be619b-b125-455f-8660-fb503e431a5d", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE_GOV", "MTP"]],
	"M365_G5_GOV": ["b0f809d5-a662-4391-a5aa-136e9c565b9d", ["THREAT_INTELLIGENCE_GOV", "MTP"]],
	"M365_E5_SUITE_COMPONENTS": ["99cc8282-2f74-4954-83b7-c6a9a1999067", ["Defender_for_Iot_Enterprise"]],
	"M365_G3_RPA1_GOV": ["5c739a73-651d-4c2c-8a4e-fe4ba12253b0", ["MDE_LITE"]],
	"M365_SECURITY_COMPLIANCE_FOR_FLW": ["2347355b-4e81-41a4-9c22-55057a399791", ["ADALLOM_S_STANDALONE", "WINDEFATP", "ATA", "THREAT_INTELLIGENCE", "MTP"]],
	"ADALLOM_STANDALONE": ["df845ce7-05f9-4894-b5f2-11bbfbcfd2b6", ["ADALLOM_S_STANDALONE"]],
	"WIN_DEF_ATP": ["111046dd-295b-4d6d-9724-d52ac90bd1f2", ["WINDEFATP"]],
	"Microsoft_Defender_for_Endpoint_F2": ["e430a580-c37b-4d16-adba-d881d7cd0364", ["WINDEFATP"]],
	"DEFENDER_ENDPOINT_P1": ["16a55f2f-ff35-4cd5-9146-fb784e3761a5", ["MDE_LITE"]],
	"DEFENDER_ENDPOINT_P1_EDU": ["bba890d4-7881-4584-8102-0c3fdfb739a7", ["MDE_LITE"]],
	"MDATP_XPLAT": ["b126b073-72db-4a9d-87a4-b17afe41d4ab", ["WINDEFATP"]],
	"MDATP_Server": ["509e8ab6-0274-4cda-bcbd-bd164fd562c4", ["WINDEFATP"]],
	"ATA": ["98defdf7-f6c1-44f5-a1f6-943b6764e7a5", ["ATA"]],
	"THREAT_INTELLIGENCE_GOV": ["56a59ffb-9df1-421b-9e61-8b568583474d", ["THREAT_INTELLIGENCE_GOV", "MTP"]],
	"Microsoft_Teams_Rooms_Pro_FAC": ["c25e2b36-e161-4946-bef2-69239729f690", ["WINDEFATP"]],
	"Microsoft_Teams_Rooms_Pro_GCC": ["31ecb341-2a17-483e-9140-c473006d1e1a", ["WINDEFATP"]],
	"ENTERPRISEPREMIUM_FACULTY": ["a4585165-0533-458a-97e3-c400570268c4", ["THREAT_INTELLIGENCE", "MTP"]],
	"ENTERPRISEPREMIUM_STUDENT": ["ee656612-49fa-43e5-b67e-cb1fdf7699df", ["THREAT_INTELLIGENCE", "MTP"]],
	"ENTERPRISEPREMIUM": ["c7df2760-2c81-4ef7-b578-5b5392b571df", ["THREAT_INTELLIGENCE", "MTP"]],
	"Office_365_w/o_Teams_Bundle_E5": ["cf50bae9-29e8-4775-b07c-56ee10e3776d", ["THREAT_INTELLIGENCE", "MTP"]],
	"Office_365_E5_EEA_(no_Teams)_without_Audio_Conferencing": ["71772aeb-4bb8-4f74-9dd4-36c7a9b5ca74", ["THREAT_INTELLIGENCE", "MTP"]],
	"ENTERPRISEPREMIUM_NOPSTNCONF": ["26d45bd9-adf1-46cd-a9e1-51e9a5524128", ["THREAT_INTELLIGENCE", "MTP"]],
	"ENTERPRISEPREMIUM_GOV": ["8900a2c0-edba-4079-bdf3-b276e293b6a8", ["THREAT_INTELLIGENCE_GOV", "MTP"]],
	"ENTERPRISEPREMIUM_NOPSTNCONF_NOPBI_GOV": ["1341559b-49df-443c-8e79-fa604fed2d82", ["THREAT_INTELLIGENCE_GOV", "MTP"]],
	"ENTERPRISEPREMIUM_NOPBIPBX_GOV": ["2f105cc2-c2c1-435b-a955-c5e82156c05d", ["THREAT_INTELLIGENCE_GOV", "MTP"]],
	"WIN_ENT_E5": ["1e7e1070-8ccb-4aca-b470-d7cb538cb07e", ["WINDEFATP"]],
	"WIN10_ENT_A5_FAC": ["7b1a89a9-5eb9-4cf8-9467-20c943f1122c", ["WINDEFATP"]],
	"WIN10_VDA_E5": ["488ba24a-39a9-4473-8ee5-19291e71b002", ["WINDEFATP"]],
	"WINE5_GCC_COMPAT": ["938fd547-d794-42a4-996c-1cc206619580", ["WINDEFATP"]],
}

# full_2020 are the SKUs that hold the plans of all four services.
full_2020 := {
	"M365EDU_A5_FACULTY",
	"M365EDU_A5_STUDENT",
	"SPE_E5",
	"Microsoft_365_E5_EEA_(no_Teams)_with_Calling_Minutes",
	"Microsoft_365_E5_EEA_(no_Teams)_without_Audio_Conferencing",
	"Microsoft_365_E5",
	"O365_w/o_Teams_Bundle_M5",
	"IDENTITY_THREAT_PROTECTION",
	"SPE_E5_CALLINGMINUTES",
	"SPE_E5_NOPSTNCONF",
	"Microsoft_365_E5_without_Audio_Conferencing",
	"O365_w/o_Teams_Bundle_M5_(500_seats_min)_HUB",
	"Microsoft_365_E5_EEA_(no_Teams)_without_Audio_Conferencing_(500_seats_min)_HUB",
	"SPE_E5_USGOV_GCCHIGH",
	"SPE_F5_SEC",
	"SPE_F5_SECCOMP",
	"M365_SECURITY_COMPLIANCE_FOR_FLW",
}

# sku is an enabled SKU of the catalogue, with all of its plans provisioned.
sku(name) := made(name, catalogue[name][0], catalogue[name][1])

# made is an enabled SKU with the plans named.
made(name, id, names) := {
	"skuId": id,
	"skuPartNumber": name,
	"capabilityStatus": "Enabled",
	"consumedUnits": 3,
	"servicePlans": [plan |
		some plan_name in names
		plan := {"servicePlanId": licences.plans[plan_name], "servicePlanName": plan_name, "provisioningStatus": "Success"}
	],
}

# in_status is the SKU with another status.
in_status(name, status) := object.union(sku(name), {"capabilityStatus": status})

# without is the SKU with some of its plans disabled.
without(name, disabled) := with_plans(name, disabled, "Disabled")

# with_plans is the SKU with some of its plans in another state.
with_plans(name, changed, status) := object.union(sku(name), {"servicePlans": [plan |
	some held in sku(name).servicePlans
	plan := object.union(held, {"provisioningStatus": _status(held, changed, status)})
]})

_status(plan, changed, status) := status if plan.servicePlanName in changed

_status(plan, changed, _) := plan.provisioningStatus if not plan.servicePlanName in changed

# tenant is the input of a rule for a tenant of the commercial cloud with some SKUs.
tenant(profile, skus) := {
	"tenant": {"id": "3f0c1d7e-0000-4000-8000-000000000001", "name": "Contoso", "cloud": "global"},
	"now": "2026-11-21T00:00:00Z",
	"profile": profile,
	"params": {"count_weak_plans": true, "licence_expiry_days": 30, "auto_renewed_subscriptions": []},
	"evidence": {"subscribed_skus": skus, "subscriptions": []},
	"gaps": {},
	"lookup": {},
}

# gap is what an input's gaps hold when one kind could not be read.
gap(kind, reason) := {"gaps": {kind: {"reason": reason, "status": 403, "code": "Authorization_RequestDenied"}}}

profiles := ["mtp-2020-a", "mtp-2020-b", "xdr-current"]
