# METADATA
# title: Paired regions
# description: >-
#   The Azure region to which geo-redundant storage copies the data of another. Most pairs lie in
#   one Geo; that of Brazil South is in the United States, and those of Southeast Asia and East
#   Asia lie in different countries.
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/azure/reliability/regions-paired
package domicile.lib.azure_pairs

import data.domicile.lib.geo_codes

# pair is the paired region of a region, "" for one that has none or isn't known.
pair(region) := _pairs[geo_codes.place(region)] if {
	_pairs[geo_codes.place(region)]
} else := ""

_pairs := object.union(_mutual, {
	"brazilsouth": "southcentralus", "brazilsoutheast": "brazilsouth", "westindia": "southindia", "westus3": "eastus",
	"usgovarizona": "usgovtexas", "usgovvirginia": "usgovtexas", "usgovtexas": "usgovvirginia", "usgoviowa": "usgovvirginia",
})

_mutual := object.union(_half, {there: here | some here, there in _half})

# Each pair of regions that stand for one another, once.
_half := {
	"eastus": "westus", "eastus2": "centralus", "northcentralus": "southcentralus", "westcentralus": "westus2",
	"canadacentral": "canadaeast", "northeurope": "westeurope", "francecentral": "francesouth",
	"germanywestcentral": "germanynorth", "norwayeast": "norwaywest", "swedencentral": "swedensouth",
	"switzerlandnorth": "switzerlandwest", "uksouth": "ukwest", "eastasia": "southeastasia",
	"australiaeast": "australiasoutheast", "australiacentral": "australiacentral2", "japaneast": "japanwest",
	"koreacentral": "koreasouth", "centralindia": "southindia", "jioindiacentral": "jioindiawest",
	"southafricanorth": "southafricawest", "uaenorth": "uaecentral", "usdodeast": "usdodcentral",
	"chinanorth": "chinaeast", "chinanorth2": "chinaeast2", "chinanorth3": "chinaeast3",
}
