module example.com/unwind

go 1.19
