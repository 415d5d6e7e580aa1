// A program that wants no event loop.
#include <hocket/core.hpp>

int main() { return 0; }
