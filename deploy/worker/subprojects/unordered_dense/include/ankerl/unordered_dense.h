// ankerl::unordered_dense as far as the worker uses it: two containers and a hash, on the standard library's.
// The worker asks nothing of them that these don't give; what is lost is some speed in lookups.
#pragma once

#include <absl/hash/hash.h>

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <unordered_set>

namespace ankerl::unordered_dense
{
	// Abseil's hash spreads integers over all bits, as the original does; std::hash returns them as they are.
	template<typename T, typename = void>
	struct hash
	{
		uint64_t operator()(const T& value) const noexcept
		{
			return absl::Hash<T>{}(value);
		}
	};

	template<class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
	using map = std::unordered_map<Key, Value, Hash, Equal>;

	template<class Key, class Hash = std::hash<Key>, class Equal = std::equal_to<Key>>
	using set = std::unordered_set<Key, Hash, Equal>;
} // namespace ankerl::unordered_dense
