# METADATA
# title: Codes of places
# description: >-
#   The codes that Microsoft's services write for places, and which place lies in which. A code
#   is a Geo (EU, US), a country (DEU, DE, Germany), an Azure region (westeurope) or a data
#   centre of Defender, which is a region with the number of its scale unit (WestEurope3).
# scope: package
# related_resources:
#   - ref: https://learn.microsoft.com/defender-xdr/data-privacy
#   - ref: https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-multi-geo
#   - ref: https://learn.microsoft.com/azure/reliability/regions-list
package domicile.lib.geo_codes

# place is the one name of what a code of any system stands for: a Geo (EU, UK, APC), a
# country of a Geo of several (DEU) or an Azure region (westeurope). Case, spaces and
# punctuation don't count. A trailing number is part of the name where a region has one
# (eastus2) and a scale unit otherwise. It is undefined for a code that isn't known.
place(code) := name if {
	name := _names[_plain(code)]
} else := _names[_unnumbered(_plain(code))]

# places is the set of every place that holds a known code: itself, its country, its Geo.
places(code) := graph.reachable(_within, {place(code)})

# macro is the Geo that holds a known code. A country that is no part of a Geo of several
# countries is a Geo of its own.
macro(code) := [name | some name in places(code); count(_within[name]) == 0][0]

# label is the Geo of a code, "" when the code isn't known.
label(code) := macro(code) if {
	macro(code)
} else := ""

_plain(code) := regex.replace(lower(code), `[^a-z0-9]`, "") if is_string(code)

_unnumbered(text) := regex.replace(text, `[0-9]+$`, "")

# The Geos that hold several countries. The EU is the European Union and nothing else:
# Norway, Switzerland and the United Kingdom are not in it.
_members := {
	"EU": [
		"AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV", "HUN",
		"IRL", "ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE",
	],
	"APC": ["HKG", "MYS", "SGP"],
}

# The further names of each place. Where a country is a Geo of its own, its codes are
# names of that Geo. NAM and North America are names of US, as Exchange and Defender for
# Identity write it; Canada has codes of its own.
_aliases := {
	"EU": ["EUR", "Europe", "European Union", "GW_EU"],
	"UK": ["GB", "GBR", "United Kingdom", "GW_UK"],
	"US": ["USA", "NAM", "United States", "North America", "GW_US", "Gov US", "GCC"],
	"AU": ["AUS", "ANZ", "Australia", "GW_AU"],
	"CH": ["CHE", "Switzerland", "GW_CH"],
	"IN": ["IND", "India", "GW_IN"],
	"APC": ["APAC", "Asia", "Asia Pacific"],
	"LAM": ["Latin America"],
	"CA": ["CAN", "Canada"],
	"JP": ["JPN", "Japan"],
	"KR": ["KOR", "Korea", "South Korea"],
	"BR": ["BRA", "Brazil"],
	"CL": ["CHL", "Chile"],
	"MX": ["MEX", "Mexico"],
	"NO": ["NOR", "Norway"],
	"IS": ["ISL", "Iceland"],
	"LI": ["LIE", "Liechtenstein"],
	"ZA": ["ZAF", "South Africa"],
	"AE": ["ARE", "UAE", "United Arab Emirates"],
	"QA": ["QAT", "Qatar"],
	"IL": ["ISR", "Israel"],
	"SA": ["SAU", "Saudi Arabia"],
	"TR": ["TUR", "Türkiye", "Turkey"],
	"NZ": ["NZL", "New Zealand"],
	"TW": ["TWN", "Taiwan"],
	"ID": ["IDN", "Indonesia"],
	"CN": ["CHN", "China"],
	"AUT": ["AT", "Austria"],
	"BEL": ["BE", "Belgium"],
	"BGR": ["BG", "Bulgaria"],
	"CYP": ["CY", "Cyprus"],
	"CZE": ["CZ", "Czechia", "Czech Republic"],
	"DEU": ["DE", "Germany"],
	"DNK": ["DK", "Denmark"],
	"ESP": ["ES", "Spain"],
	"EST": ["EE", "Estonia"],
	"FIN": ["FI", "Finland"],
	"FRA": ["FR", "France"],
	"GRC": ["GR", "Greece"],
	"HRV": ["HR", "Croatia"],
	"HUN": ["HU", "Hungary"],
	"IRL": ["IE", "Ireland"],
	"ITA": ["IT", "Italy"],
	"LTU": ["LT", "Lithuania"],
	"LUX": ["LU", "Luxembourg"],
	"LVA": ["LV", "Latvia"],
	"MLT": ["MT", "Malta"],
	"NLD": ["NL", "Netherlands"],
	"POL": ["PL", "Poland"],
	"PRT": ["PT", "Portugal"],
	"ROU": ["RO", "Romania"],
	"SVK": ["SK", "Slovakia"],
	"SVN": ["SI", "Slovenia"],
	"SWE": ["SE", "Sweden"],
	"HKG": ["HK", "Hong Kong"],
	"MYS": ["MY", "Malaysia"],
	"SGP": ["SG", "Singapore"],
}

# The Azure regions of each place, as Azure Resource Manager names them.
_regions := {
	"US": [
		"eastus", "eastus2", "centralus", "northcentralus", "southcentralus", "westcentralus", "westus", "westus2",
		"westus3", "usgovvirginia", "usgovarizona", "usgovtexas", "usgoviowa", "usdodeast", "usdodcentral",
	],
	"CA": ["canadacentral", "canadaeast"],
	"MX": ["mexicocentral"],
	"BR": ["brazilsouth", "brazilsoutheast"],
	"CL": ["chilecentral"],
	"UK": ["uksouth", "ukwest"],
	"CH": ["switzerlandnorth", "switzerlandwest"],
	"NO": ["norwayeast", "norwaywest"],
	"IRL": ["northeurope"],
	"NLD": ["westeurope"],
	"FRA": ["francecentral", "francesouth"],
	"DEU": ["germanywestcentral", "germanynorth"],
	"POL": ["polandcentral"],
	"ITA": ["italynorth"],
	"ESP": ["spaincentral"],
	"SWE": ["swedencentral", "swedensouth"],
	"AUT": ["austriaeast"],
	"BEL": ["belgiumcentral"],
	"DNK": ["denmarkeast"],
	"AU": ["australiaeast", "australiasoutheast", "australiacentral", "australiacentral2"],
	"NZ": ["newzealandnorth"],
	"HKG": ["eastasia"],
	"SGP": ["southeastasia"],
	"MYS": ["malaysiawest"],
	"ID": ["indonesiacentral"],
	"JP": ["japaneast", "japanwest"],
	"KR": ["koreacentral", "koreasouth"],
	"TW": ["taiwannorth"],
	"IN": ["centralindia", "southindia", "westindia", "jioindiacentral", "jioindiawest"],
	"IL": ["israelcentral"],
	"QA": ["qatarcentral"],
	"AE": ["uaenorth", "uaecentral"],
	"ZA": ["southafricanorth", "southafricawest"],
	"CN": ["chinaeast", "chinaeast2", "chinaeast3", "chinanorth", "chinanorth2", "chinanorth3"],
}

# _within gives the places right around each place: none for a Geo.
_within := object.union_n([
	{name: set() | some name, _ in _aliases},
	{country: {geo} | some geo, countries in _members; some country in countries},
	{region: {around} | some around, regions in _regions; some region in regions},
])

# _names gives the place of every code, the codes written as _plain writes them.
_names := object.union_n([
	{_plain(alias): name | some name, aliases in _aliases; some alias in aliases},
	{_plain(name): name | some name, _ in _within},
])
