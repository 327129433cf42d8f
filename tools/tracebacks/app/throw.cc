#include <stdexcept>
#include <vector>

extern "C" void throw_out(int n) {
	std::vector<int> v(3);
	v.at(static_cast<std::size_t>(n)) = 1;
}
