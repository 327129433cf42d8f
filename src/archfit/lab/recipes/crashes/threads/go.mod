module archfit.example/threads

go 1.19
