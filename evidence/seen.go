package evidence

import (
	"hash/maphash"
	"math/bits"
)

// seen is a set of the objects of one collection, by 80 bits of two keyed hashes: some 16
// bytes an object, whatever its size, and none of them ever copied to a larger table, for
// a bucket that is full is split in two (extendible hashing).
//
// Two different objects are taken for one with a probability of n²/2^81, less than one in
// a million million scans of a million objects; the key is made anew for each set, so
// that nobody can provoke it. Where the service counts its objects, the one that was left
// out would show as a difference even then.
type seen struct {
	first, second maphash.Seed
	// depth is how often the list was doubled. A bucket of a smaller depth stands in it
	// several times, side by side.
	depth   uint
	buckets []*bucket
}

const (
	// roots buckets are there at first: with three a million objects, which would have
	// doubled any power of two just before, stay below the next doubling.
	roots       = 3
	bucketSlots = 408 // makes a bucket of one page, 4 KiB
	bucketFull  = bucketSlots * 9 / 10
)

// bucket is a small open-addressed table of the hashes of one range.
type bucket struct {
	hash  [bucketSlots]uint64 // 0 is a free slot
	more  [bucketSlots]uint16
	used  uint16
	depth uint16
}

func newSeen() *seen {
	s := &seen{first: maphash.MakeSeed(), second: maphash.MakeSeed()}
	for range roots {
		s.buckets = append(s.buckets, &bucket{})
	}
	return s
}

// place is where a hash belongs in a list that was doubled so often. Its lowest bit is the
// one that the latest doubling looked at.
func place(hash uint64, depth uint) int {
	high, _ := bits.Mul64(hash, roots<<depth)
	return int(high) //nolint:gosec // an index of the list
}

// add notes an object and says whether it is new.
func (s *seen) add(object []byte) bool {
	hash, more := max(maphash.Bytes(s.first, object), 1), uint16(maphash.Bytes(s.second, object)) //nolint:gosec // the lowest bits are meant
	for {
		b := s.buckets[place(hash, s.depth)]
		i, found := b.find(hash, more)
		switch {
		case found:
			return false
		case b.used < bucketFull:
			b.hash[i], b.more[i] = hash, more
			b.used++
			return true
		}
		s.split(b, hash)
	}
}

// find returns the slot of a hash, or the free one where it belongs.
func (b *bucket) find(hash uint64, more uint16) (slot int, found bool) {
	// The lowest bits place it; the highest are the same throughout the bucket.
	high, _ := bits.Mul64(hash<<32, bucketSlots)
	for i := int(high); ; i++ { //nolint:gosec // less than bucketSlots
		if i == bucketSlots {
			i = 0
		}
		if b.hash[i] == 0 {
			return i, false
		}
		if b.hash[i] == hash && b.more[i] == more {
			return i, true
		}
	}
}

// split moves the hashes of the upper half of a full bucket's range to a new one. hash is one
// that belongs into the bucket.
func (s *seen) split(full *bucket, hash uint64) {
	if uint(full.depth) == s.depth {
		doubled := make([]*bucket, 0, 2*len(s.buckets))
		for _, b := range s.buckets {
			doubled = append(doubled, b, b)
		}
		s.buckets, s.depth = doubled, s.depth+1
	}
	old, depth := *full, full.depth+1
	upper := &bucket{depth: depth}
	*full = bucket{depth: depth}
	for i, hash := range old.hash {
		if hash == 0 {
			continue
		}
		to := full
		if place(hash, uint(depth))&1 == 1 {
			to = upper
		}
		slot, _ := to.find(hash, old.more[i])
		to.hash[slot], to.more[slot] = hash, old.more[i]
		to.used++
	}
	// The bucket stood in 1<<(s.depth-full.depth) places side by side; the upper half of
	// them is the new one's.
	places := 1 << (s.depth - uint(depth))
	from := (place(hash, uint(depth)) | 1) * places
	for i := range places {
		s.buckets[from+i] = upper
	}
}
