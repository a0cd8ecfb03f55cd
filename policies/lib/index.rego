# METADATA
# title: Index
# description: |-
#   How values are gathered by a key in one pass. A comprehension for each key reads all values
#   again, and a function's arguments keep the engine from indexing it.
# scope: package
package domicile.lib.index

# grouped gathers pairs of a key and a value: each key with the set of its values.
grouped(pairs) := {key: object.keys(values) |
	some key, values in object.union_n([{pair[0]: {pair[1]: true}} | some pair in pairs])
}
