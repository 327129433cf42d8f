module archfit.example/pure

go 1.19
