package domicile.lib.geo_codes_test

import data.domicile.lib.geo_codes

test_macro_of_every_code_system if {
	known := {
		"EU": "EU", "EUR": "EU", "Europe3": "EU", "WestEurope3": "EU", "NorthEurope": "EU", "GW_EU": "EU", "DEU": "EU",
		"FR": "EU", "swedencentral": "EU", "West Europe": "EU", "EU1": "EU", "EU2": "EU", "SWE": "EU", "HRV": "EU",
		"US": "US", "NAM": "US", "UnitedStates2": "US", "CentralUs3": "US", "EastUs3": "US", "GW_US": "US", "East US 2": "US",
		"US3": "US", "Gov US1": "US", "GCC": "US", "North America": "US", "westus3": "US",
		"UK": "UK", "GBR": "UK", "Uk1": "UK", "UkSouth": "UK", "GW_UK": "UK",
		"AUS": "AU", "ANZ": "AU", "AustraliaEast": "AU", "australiacentral2": "AU",
		"CHE": "CH", "SwitzerlandNorth2": "CH", "IND": "IN", "CentralIndia": "IN",
		"Asia": "APC", "APC": "APC", "southeastasia": "APC", "Hong Kong": "APC",
		"NOR": "NO", "norwayeast": "NO", "CAN": "CA", "JPN": "JP", "KOR": "KR", "ARE": "AE", "ZAF": "ZA", "BRA": "BR", "Türkiye": "TR",
	}
	every code, geo in known {
		geo_codes.macro(code) == geo
	}
}

test_codes_that_nobody_knows_are_undefined if {
	every code in ["", "3", "MarsNorth", "FFL4", "unknown", null, 7, "EURO"] {
		not geo_codes.place(code)
		not geo_codes.macro(code)
		not geo_codes.places(code)
	}
}

test_number_is_a_regions_own_where_it_has_one if {
	geo_codes.place("eastus2") == "eastus2"
	geo_codes.place("East US 2") == "eastus2"
	geo_codes.place("EastUs3") == "eastus"
	geo_codes.place("WestEurope3") == "westeurope"
}

test_places_go_from_the_region_to_the_geo if {
	geo_codes.places("westeurope") == {"westeurope", "NLD", "EU"}
	geo_codes.places("DE") == {"DEU", "EU"}
	geo_codes.places("EUR") == {"EU"}
	geo_codes.places("uksouth") == {"uksouth", "UK"}
	geo_codes.places("southeastasia") == {"southeastasia", "SGP", "APC"}
}

# Every place leads to exactly one Geo, and no alias names two places: a code given twice
# would be a conflict in the tables' comprehensions and undefine everything.
test_every_place_leads_to_one_geo if {
	every name, _ in geo_codes._within {
		tops := {top | some top in geo_codes.places(name); count(geo_codes._within[top]) == 0}
		count(tops) == 1
	}
	count(geo_codes._names) > 200
}

test_label_is_empty_for_unknown_codes if {
	geo_codes.label("DEU") == "EU"
	geo_codes.label("MarsNorth") == ""
	geo_codes.label(null) == ""
}
